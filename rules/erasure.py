"""Nobody: what is left of a person who was erased, and how it is told from people."""

from __future__ import annotations

ERASED = "erased:"  # how id and name of nobody begin
PENDING = "erasing:"  # the key in `installation` of an erasure that is under way, with the row's id
