"""Loads the settings of the property tests."""

from tests import support as support
