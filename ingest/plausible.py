"""What cannot be true of an event, whatever its source says: such events are dropped before they reach a total."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import isfinite
from typing import Any

from core.events import Event, Kind

EARLIEST_MS = 1_262_304_000_000  # 2010: before it there was no live streaming, only broken clocks
MOST = 10**12  # bits, coins, likes … of one event: beyond it are broken sources, and sums no database can hold
DEEPEST = 4  # lists in lists in ``extra``
_LARGEST = 2**63


def why_impossible(event: Event, latest_ms: int) -> str | None:
    """The name of what is wrong with ``event``; None: it may be true."""
    if not EARLIEST_MS <= event.at_ms <= latest_ms:
        return "impossible_time"
    if not 0 <= event.amount <= MOST:
        return "impossible_amount"
    extra = event.extra
    if not extra:
        return None
    if not _is_plain(extra, DEEPEST) or not _is_named_well(extra):
        return "impossible_extra"
    return "impossible_amount" if event.kind is Kind.GIFT and not _is_gift(extra) else None


def without_nul(event: Event) -> Event:
    """``event`` without the one character that databases take for the end of a text, or refuse."""
    who = event.who
    names = f"{event.text}{who.user_id}{who.login}{who.name}{who.avatar}" if who else f"{event.text}"
    if "\0" not in names and not (
        (event.extra and _holds_nul(event.extra)) or (who and who.about and _holds_nul(who.about))
    ):
        return event
    if who:
        who = replace(who, **{name: _cleaned(getattr(who, name)) for name in ("user_id", "login", "name", "avatar")})
        who = replace(who, about=_cleaned(who.about))
    return replace(event, who=who, text=_cleaned(event.text), extra=_cleaned(event.extra))


def _holds_nul(value: Any) -> bool:
    return "\\x00" in repr(value)


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("\0", "")
    if isinstance(value, Mapping):
        return {_cleaned(key): _cleaned(one) for key, one in value.items()}
    return [_cleaned(one) for one in value] if isinstance(value, list | tuple) else value


def _is_named_well(extra: Mapping[str, Any]) -> bool:
    """Whether the keys that the write path reads hold what they should."""
    emotes, target = extra.get("emotes", ()), extra.get("target")
    return (
        isinstance(emotes, list | tuple)
        and all(type(emote) is str for emote in emotes)
        and (target is None or type(target) is str)
    )


def _is_gift(extra: Mapping[str, Any]) -> bool:
    quantity, diamonds = extra.get("quantity", 1), extra.get("diamonds")
    numbers = (quantity, extra.get("count", 0), 0 if diamonds is None else diamonds)
    if not all(type(number) is int and 0 <= number <= MOST for number in numbers):
        return False
    gift_id = extra.get("gift_id")
    if gift_id is not None and not (type(gift_id) is int and 0 <= gift_id < _LARGEST):
        return False
    return quantity * (diamonds or 0) <= MOST


def _is_plain(value: Any, depth: int) -> bool:
    """Whether it can stand in JSON, and be read from there by everybody."""
    kind = type(value)
    if kind is str or kind is bool or value is None:
        return True
    if kind is int:
        return -_LARGEST <= value < _LARGEST
    if kind is float:
        return isfinite(value)
    if not depth:
        return False
    if kind is list or kind is tuple:
        return all(_is_plain(one, depth - 1) for one in value)
    if isinstance(value, Mapping):
        return all(type(key) is str and _is_plain(one, depth - 1) for key, one in value.items())
    return False
