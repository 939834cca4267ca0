"""A list of VIP tiers as people give it: what it may say, and which of the tiers there are it means."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from rules.profiles import Invalid, line
from rules.tiers import Tier

MOST_TIERS, NAME_LENGTH = 10, 32  # the column's
MOST_BENEFITS, BENEFIT_LENGTH = 20, 200
HIGHEST = {"coins": 10**12, "watch_hours": 10**6, "visits": 10**9}
FIELDS = ("id", "name", "rank", *HIGHEST, "color", "benefits")
_COLOR = re.compile(r"#[0-9A-Fa-f]{6}", re.ASCII)


def clean(given: Any) -> list[Tier]:
    """The tiers, the lowest first, numbered so in ``rank``; ``id`` is 0 where none was given.

    Each is a mapping of FIELDS, of which only ``name`` and ``color`` must be there. The order is that of the list, or
    of ``rank`` where all tiers have one. Raises Invalid; its fields are named like ``tiers.0.color``.
    """
    if not isinstance(given, (list, tuple)) or not 1 <= len(given) <= MOST_TIERS:
        raise Invalid([{"field": "tiers", "message": f"must be a list of 1 to {MOST_TIERS} tiers"}])
    found: list[Tier] = []
    wrong: list[dict[str, str]] = []
    for number, one in enumerate(given):
        tier, problems = _tier(one)
        found.append(tier)
        wrong.extend({"field": f"tiers.{number}{field}", "message": message} for field, message in problems)
    if not wrong:
        wrong = [{"field": "tiers", "message": message} for message in _together(found, given)]
    if wrong:
        raise Invalid(wrong)
    if any("rank" in one for one in given):
        found.sort(key=lambda tier: tier.rank)
    return [replace(tier, rank=number) for number, tier in enumerate(found, start=1)]


def match(wanted: Sequence[Tier], known: Sequence[Tier]) -> list[Tier]:
    """``wanted`` with the ids of the ``known`` tiers they are: by id, else by name; 0 stays where a tier is new."""
    free = {tier.id: tier for tier in known}
    taken = {tier.id for tier in wanted if tier.id in free}
    by_name = {tier.name.casefold(): tier.id for tier in known if tier.id not in taken}
    matched = []
    for tier in wanted:
        tier_id = tier.id if tier.id in free else by_name.pop(tier.name.casefold(), 0)
        matched.append(replace(tier, id=tier_id))
    return matched


def rises(before: Tier | None, after: Tier | None) -> bool:
    """Whether going from one tier to the other is a promotion; ``before`` may be one that is no more (rank 0)."""
    if before is None or after is None:
        return before is None
    if before.rank:
        return after.rank > before.rank
    return (after.coins, after.watch_hours, after.visits) >= (before.coins, before.watch_hours, before.visits)


def _tier(given: Any) -> tuple[Tier, list[tuple[str, str]]]:
    """One tier and what is wrong with it, as (field, message)."""
    if not isinstance(given, Mapping):
        return Tier("", 0, 0, 0), [("", "must be an object")]
    wrong = [(f".{field}", f"is unknown; a tier has: {', '.join(FIELDS)}") for field in given if field not in FIELDS]
    values: dict[str, Any] = {}
    for field, read in _READ.items():
        try:
            values[field] = read(given.get(field, _DEFAULTS.get(field)))
        except ValueError as error:
            wrong.append((f".{field}", str(error)))
    return Tier(**(_EMPTY | values)), wrong


def _together(tiers: Sequence[Tier], given: Sequence[Mapping[str, Any]]) -> list[str]:
    """What is wrong with the tiers beside each other."""
    wrong = []
    if len({tier.name.casefold() for tier in tiers}) < len(tiers):
        wrong.append("must have names that differ, not only in capitals")
    ids = [tier.id for tier in tiers if tier.id]
    if len(set(ids)) < len(ids):
        wrong.append("must not name one id twice")
    ranked = sum("rank" in one for one in given)
    if ranked and (ranked < len(tiers) or len({tier.rank for tier in tiers}) < len(tiers)):
        wrong.append("must all have a rank of their own, or none of them")
    return wrong


def _name(value: Any) -> str:
    name = " ".join(line(value, NAME_LENGTH).split())
    if not name:
        raise ValueError("must not be empty")
    return name


def _number(value: Any, highest: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= highest:
        raise ValueError(f"must be a whole number from 0 to {highest:,}")
    return value


def _color(value: Any) -> str:
    if not isinstance(value, str) or not _COLOR.fullmatch(value):
        raise ValueError("must be a colour like #FFD700")
    return value.upper()


def _benefits(value: Any) -> tuple[str, ...]:
    if not isinstance(value, (list, tuple)) or len(value) > MOST_BENEFITS:
        raise ValueError(f"must be a list of at most {MOST_BENEFITS} lines")
    try:
        lines = [line(one, BENEFIT_LENGTH) for one in value]
    except ValueError as error:
        raise ValueError(f"each line {error}") from None
    return tuple(one for one in lines if one)


_READ: dict[str, Any] = {
    "id": lambda value: _number(value, 2**31 - 1),
    "name": _name,
    "rank": lambda value: _number(value, 1_000),
    "coins": lambda value: _number(value, HIGHEST["coins"]),
    "watch_hours": lambda value: _number(value, HIGHEST["watch_hours"]),
    "visits": lambda value: _number(value, HIGHEST["visits"]),
    "color": _color,
    "benefits": _benefits,
}
_DEFAULTS: dict[str, Any] = {"id": 0, "rank": 0, "coins": 0, "watch_hours": 0, "visits": 0, "benefits": ()}
_EMPTY: dict[str, Any] = {"name": "", "coins": 0, "watch_hours": 0, "visits": 0}
