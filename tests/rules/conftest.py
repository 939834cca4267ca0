"""Loads the settings of the property tests."""

from tests import support  # noqa: F401
