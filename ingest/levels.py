"""Levels: how large a figure is, roughly, for indexes that must not change each time it does."""

from __future__ import annotations


def level_of(count: int) -> int:
    """How many binary digits ``count`` has, 0 where there is nothing: higher levels hold the larger figures.

    Who wants the largest figures takes them by level first and by figure within it, and reads few more than wanted.
    """
    return count.bit_length() if count > 0 else 0
