"""Rows of files as records of the library: what they call a field, and what they point to by position or name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from rules.library_fields import Kind, clean
from rules.library_kinds import BY_PATH, KINDS, PAYMENTS, WATCHES
from rules.library_values import Setting, name_key
from rules.profiles import Invalid

_PUNCTUATION = re.compile(r"[\W_]+")
_MUST_SAY_WHEN = {WATCHES.path: "watched_on", PAYMENTS.path: "payment_date"}


def plain(name: str) -> str:
    """A name without capitals and punctuation: ``Watch History`` and ``watch_history`` are one."""
    return _PUNCTUATION.sub("", name).casefold()


KIND_CALLED = {plain(name): kind for kind in KINDS for name in (kind.key, kind.path, *kind.keys)}


class Rows:
    """Reads rows of one kind. ``counts``: how many there are to point to, by path; ``plans``: positions by name."""

    def __init__(
        self, kind: Kind, setting: Setting, now_ms: int, counts: Mapping[str, int], plans: Mapping[str, int]
    ) -> None:
        self.kind = kind
        self.ignored: set[str] = set()
        self._setting, self._now_ms = setting, now_ms
        self._counts, self._plans = counts, plans
        self._shapes: dict[tuple[str, ...], list[tuple[str, str]]] = {}

    def read(self, row: Any) -> dict[str, Any]:
        """The columns of a row, its references still positions. Raises Invalid."""
        if not isinstance(row, dict):
            raise Invalid([{"field": "", "message": "is no object"}])
        names = tuple(row)
        if names not in self._shapes:
            self._shapes[names] = self._shape(names)
        given = {field: row[name] for field, name in self._shapes[names] if row[name] not in (None, "")}
        if (field := _MUST_SAY_WHEN.get(self.kind.path)) and field not in given:
            raise Invalid([{"field": field, "message": "is missing"}])
        self._name_plans(given)
        found = clean(self.kind, given, self._setting, self._now_ms)
        self._check_positions(found)
        return found

    def _shape(self, names: tuple[str, ...]) -> list[tuple[str, str]]:
        """Which field each name means: what is called like the field itself comes before other spellings of it."""
        called = {plain(name): name for name in reversed(names)}
        found = []
        for field in self.kind.fields:
            spellings = (plain(field.name), *field.spellings)
            spelling = next((one for one in spellings if one in called), None)
            if spelling is not None:
                found.append((field.name, called.pop(spelling)))
        self.ignored |= set(called.values()) - {"id", "_id"}
        return found

    def _name_plans(self, given: dict[str, Any]) -> None:
        named = given.get("plan_id")
        if isinstance(named, str) and not named.strip().isdigit():
            position = self._plans.get(name_key(named.strip()))
            if position is None:
                raise Invalid([{"field": "plan_id", "message": f"there is no plan called {named[:80]!r}"}])
            given["plan_id"] = position

    def _check_positions(self, found: Mapping[str, Any]) -> None:
        for field, column, path in self.kind.references:
            position, count = found[column], self._counts.get(path, 0)
            if position is not None and position > count:
                many = BY_PATH[path].many
                message = f"{position:,} is none of the {count:,} {many} of this import"
                raise Invalid([{"field": field, "message": message}])
