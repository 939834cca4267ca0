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
# What a row that others point to may call its own id, without capitals and punctuation.
_OWN_IDS = {
    "plans": ("id", "planid", "subscriptionid"),
    "users": ("id", "userid", "memberid"),
    "content": ("id", "contentid", "titleid"),
}
_MUST_SAY_WHEN = {WATCHES.path: "watched_on", PAYMENTS.path: "payment_date"}


def plain(name: str) -> str:
    """A name without capitals and punctuation: ``Watch History`` and ``watch_history`` are one."""
    return _PUNCTUATION.sub("", name).casefold()


KIND_CALLED = {plain(name): kind for kind in KINDS for name in (kind.key, kind.path, *kind.keys)}


class OwnIds:
    """The positions of a list's rows by the ids that they give themselves: another program's count with gaps, or texts.

    Nothing is kept as long as all are positions anyway, or no row gives itself any.
    """

    def __init__(self) -> None:
        self._places: dict[str, int] = {}

    def __bool__(self) -> bool:
        return bool(self._places)

    def note(self, own: Any, position: int) -> None:
        """Raises Invalid where an earlier row has the same; a row without one goes by its position."""
        name = _id_name(own)
        if not self._places and name in ("", str(position)):
            return
        if not self._places:
            self._places = {str(earlier): earlier for earlier in range(1, position)}
        first = self._places.setdefault(name or str(position), position)
        if first != position:
            raise Invalid([{"field": "id", "message": f"is the same as in row {first:,}"}])

    def place(self, own: Any) -> int | None:
        return self._places.get(_id_name(own))


def _id_name(own: Any) -> str:
    """An id as text: ``7``, ``"7"`` and ``7.0`` are one."""
    if isinstance(own, float) and own.is_integer():
        own = int(own)
    return str(own).strip() if isinstance(own, (str, int)) and not isinstance(own, bool) else ""


class Rows:
    """Reads rows of one kind. ``counts``: how many there are to point to, by path; ``plans``: positions by name.

    ``own_ids``, by path: where a list's rows have ids that are no positions, those are what others point to.
    """

    def __init__(
        self,
        kind: Kind,
        setting: Setting,
        now_ms: int,
        counts: Mapping[str, int],
        plans: Mapping[str, int],
        own_ids: Mapping[str, OwnIds],
    ) -> None:
        self.kind = kind
        self.ignored: set[str] = set()
        self._setting, self._now_ms = setting, now_ms
        self._counts, self._plans, self._own_ids = counts, plans, own_ids
        self._shapes: dict[tuple[str, ...], list[tuple[str, str]]] = {}
        self._own: dict[tuple[str, ...], str | None] = {}  # what rows of a shape call their own id

    def read(self, row: Any) -> dict[str, Any]:
        """The columns of a row, its references still positions. Raises Invalid."""
        if not isinstance(row, dict):
            raise Invalid([{"field": "", "message": "is no object"}])
        given = {field: row[name] for field, name in self._shape_of(row) if row[name] not in (None, "")}
        if (field := _MUST_SAY_WHEN.get(self.kind.path)) and field not in given:
            raise Invalid([{"field": field, "message": "is missing"}])
        self._point(given)
        self._name_plans(given)
        found = clean(self.kind, given, self._setting, self._now_ms)
        self._check_positions(found)
        return found

    def own_id(self, row: Mapping[str, Any]) -> Any:
        """What a row calls itself, None where it does not."""
        self._shape_of(row)
        name = self._own[tuple(row)]
        return None if name is None else row[name]

    def _shape_of(self, row: Mapping[str, Any]) -> list[tuple[str, str]]:
        names = tuple(row)
        if names not in self._shapes:
            self._shapes[names] = self._shape(names)
        return self._shapes[names]

    def _shape(self, names: tuple[str, ...]) -> list[tuple[str, str]]:
        """Which field each name means: what is called like the field itself comes before other spellings of it."""
        called = {plain(name): name for name in reversed(names)}
        found = []
        for field in self.kind.fields:
            spellings = (plain(field.name), *field.spellings)
            spelling = next((one for one in spellings if one in called), None)
            if spelling is not None:
                found.append((field.name, called.pop(spelling)))
        own = next((called.pop(one) for one in _OWN_IDS.get(self.kind.path, ()) if one in called), None)
        self._own[names] = own
        self.ignored |= {name for spelling, name in called.items() if spelling != "id"}
        return found

    def _point(self, given: dict[str, Any]) -> None:
        """Positions in place of the ids of a list whose rows have ids of their own."""
        for field, _, path in self.kind.references:
            if field not in given or not self._own_ids.get(path):
                continue
            place = self._own_ids[path].place(given[field])
            if place is not None:
                given[field] = place
            elif path != "plans" or not self._is_name(given[field]):
                many = BY_PATH[path].many
                told = f"{given[field]!r:.80} is the id of none of the {self._counts[path]:,} {many} of this import"
                raise Invalid([{"field": field, "message": told}])

    @staticmethod
    def _is_name(given: Any) -> bool:
        return isinstance(given, str) and not given.strip().isdigit()

    def _name_plans(self, given: dict[str, Any]) -> None:
        named = given.get("plan_id")
        if isinstance(named, str) and self._is_name(named):
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
