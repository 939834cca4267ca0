"""What a kind of record is made of: fields, figures, labels and filters; and the check of what is given for one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from rules.library_values import Money, PartialDate, Rating, Reference, Setting, Unfit, Value, amount
from rules.profiles import Invalid

NOW, CURRENCY = "<now>", "<currency>"  # defaults that are not known here


@dataclass(frozen=True, slots=True)
class Field:
    """A field that callers give. ``nullable``: null is an answer, and what it is when nothing is said.

    ``spellings``: what files call it besides, without capitals and punctuation.
    """

    name: str
    column: str
    value: Value
    required: bool = False
    nullable: bool = False
    default: Any = None
    spellings: tuple[str, ...] = ()
    about: str = ""


@dataclass(frozen=True, slots=True)
class Figure:
    """A field that is only answered."""

    name: str
    column: str
    value: Value
    nullable: bool = False


@dataclass(frozen=True, slots=True)
class Label:
    """What the record that ``reference`` (a column) points to is called: its ``column``, told as ``name``."""

    name: str
    reference: str
    table: str
    column: str
    nullable: bool = False


@dataclass(frozen=True, slots=True)
class Filter:
    """``sorts``: by which of the kind's sorts an index gives what it lets through.

    ``beside``: another filter that an index knows as well, so that both at once are answered by it.
    """

    name: str
    column: str
    value: Value | None
    how: Literal["is", "since", "before", "state"] = "is"
    sorts: tuple[str, ...] = ()
    about: str = ""
    beside: str | None = None


@dataclass(frozen=True)
class Kind:
    """``path`` names it in addresses, ``key`` in files; ``sorts``: what it can be sorted by, the usual first."""

    path: str
    one: str
    many: str
    table: str
    key: str
    fields: tuple[Field, ...]
    sorts: Mapping[str, str]
    descending: bool = False  # what is usual
    filters: tuple[Filter, ...] = ()
    figures: tuple[Figure, ...] = ()
    labels: tuple[Label, ...] = ()
    searched: tuple[str, ...] = ()  # columns
    keys: tuple[str, ...] = ()  # other names of ``key``

    @cached_property
    def by_name(self) -> dict[str, Field]:
        return {field.name: field for field in self.fields}

    @cached_property
    def references(self) -> tuple[tuple[str, str, str], ...]:
        """(field, column, path of the kind that is referred to)."""
        return tuple((one.name, one.column, one.value.to) for one in self.fields if isinstance(one.value, Reference))

    @cached_property
    def only_told(self) -> frozenset[str]:
        """What is answered and cannot be given, so that what was answered may be sent back."""
        told = {"id", "created_at", "updated_at"}
        return frozenset(told | {one.name for one in self.figures} | {one.name for one in self.labels})

    def __hash__(self) -> int:
        return hash(self.path)


def clean(
    kind: Kind, given: Mapping[str, Any], setting: Setting, now_ms: int, current: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """What is to be stored, by column. Raises Invalid, naming every field that does not fit.

    ``current``: the columns of a record that is changed; then only what is given is checked and answered.
    """
    cleaned: dict[str, Any] = {}
    wrong = [
        {"field": name, "message": f"there is no such field; there are: {', '.join(kind.by_name)}"}
        for name in given
        if name not in kind.by_name and name not in kind.only_told
    ]
    for field in kind.fields:
        if (value := _given(field, given, current, cleaned)) is _NOTHING:
            continue
        try:
            cleaned[field.column] = _clean_field(field, value, setting, now_ms, {**(current or {}), **cleaned})
        except Unfit as error:
            wrong.append({"field": field.name, "message": str(error)})
    if wrong:
        raise Invalid(wrong)
    return cleaned


_NOTHING = object()


def _given(
    field: Field, given: Mapping[str, Any], current: Mapping[str, Any] | None, cleaned: Mapping[str, Any]
) -> Any:
    if field.name in given:
        return given[field.name]
    if current is None:
        return field.default
    if isinstance(field.value, Money) and cleaned.get("currency", current["currency"]) != current["currency"]:
        return amount(current[field.column], current["currency"])  # as much, in the other currency
    return _NOTHING


def _clean_field(field: Field, value: Any, setting: Setting, now_ms: int, row: Mapping[str, Any]) -> Any:
    if value == NOW and field.default == NOW:
        return now_ms
    if value == CURRENCY and field.default == CURRENCY:
        return setting.currency
    if value is None and field.required:
        raise Unfit("is missing")
    if value is None and not field.nullable:
        raise Unfit("cannot be null")
    if value is None and not isinstance(field.value, (Rating, PartialDate)):
        return None
    if isinstance(field.value, Money) and "currency" not in row:
        return 0  # the currency does not fit, which is told
    return field.value.clean(value, setting, row)
