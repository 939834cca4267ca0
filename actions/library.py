"""Orders about the library's records: make, change, replace, remove; one way for all six kinds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, func, select
from sqlalchemy.exc import IntegrityError

from actions.library_passwords import hashed
from core.db import Database
from ingest import library
from ingest.library import table_of
from rules.library_fields import Kind, clean
from rules.library_kinds import BY_PATH, PAYMENTS, PLANS, USERS, referring
from rules.library_values import Setting
from rules.profiles import Invalid

__all__ = ["InUse", "Invalid", "NoSuchRecord", "Taken", "change", "create", "remove"]

UNIQUE = {PLANS.path: ("name", "name_key"), USERS.path: ("email", "email_key")}  # field, column
MOST_COUNTED = 10_000


class NoSuchRecord(LookupError):
    """There is no such record (any more)."""


class Taken(Exception):
    """Another record has what only one may have."""

    def __init__(self, field: str, message: str) -> None:
        self.details = [{"field": field, "message": message}]
        super().__init__(message)


class InUse(Exception):
    """Others refer to the record; ``details`` says how many of what."""

    def __init__(self, kind: Kind, record_id: int, details: list[dict[str, Any]]) -> None:
        self.details = details
        listed = [f"{one['message']}" for one in details]
        found = " and ".join(filter(None, [", ".join(listed[:-1]), listed[-1]]))
        super().__init__(f"{kind.one} {record_id} cannot be deleted: {found} refer to it")


def create(database: Database, path: str, given: Mapping[str, Any], setting: Setting, *, now_ms: int) -> int:
    """Answers the new record's id. Raises Invalid and Taken."""
    kind = BY_PATH[path]
    values = _checked(clean(kind, given, setting, now_ms), now_ms)
    try:
        with database.writing() as connection:
            _say_plan(connection, kind, given, values)
            _check_others(connection, kind, values, None)
            return library.store(connection, kind, values, setting.zone, now_ms)
    except IntegrityError as error:
        raise _meanwhile(kind) from error


def change(
    database: Database,
    path: str,
    record_id: int,
    given: Mapping[str, Any],
    setting: Setting,
    *,
    now_ms: int,
    whole: bool = False,
) -> None:
    """Changes what is given; ``whole``: and sets back all else. Raises NoSuchRecord, Invalid and Taken."""
    kind = BY_PATH[path]
    before = None if whole else _row(database, kind, record_id)
    values = clean(kind, given, setting, now_ms, None if before is None else before._mapping)
    if whole and kind is USERS and "password" not in given:
        values.pop("password_hash")  # nobody was told it, so nobody can send it back
    values = _hash(values)
    try:
        with database.writing() as connection:
            row = _lock(connection, kind, record_id)
            check_times({**row._mapping, **values}, now_ms)
            if whole:
                _say_plan(connection, kind, given, values)
            _check_others(connection, kind, values, record_id)
            if any(row._mapping[column] != value for column, value in values.items()):
                library.change(connection, kind, row, values, setting.zone, now_ms)
    except IntegrityError as error:
        raise _meanwhile(kind) from error


def remove(database: Database, path: str, record_id: int, setting: Setting, *, now_ms: int) -> None:
    """Raises NoSuchRecord and InUse."""
    kind = BY_PATH[path]
    try:
        with database.writing() as connection:
            row = _lock(connection, kind, record_id)
            if used := _uses(connection, kind, record_id):
                raise InUse(kind, record_id, used)
            library.remove(connection, kind, row, setting.zone, now_ms)
    except IntegrityError as error:
        raise _meanwhile(kind) from error


def check_times(values: Mapping[str, Any], now_ms: int) -> None:
    """That nobody leaves before they joined, or in the future. Raises Invalid."""
    ended_ms = values.get("cancelled_at_ms")
    if ended_ms is None:
        return
    if ended_ms < values["joined_at_ms"]:
        raise Invalid([{"field": "cancelled_at", "message": "lies before joined_at"}])
    if ended_ms > now_ms:
        raise Invalid([{"field": "cancelled_at", "message": "lies in the future"}])


def _checked(values: dict[str, Any], now_ms: int) -> dict[str, Any]:
    check_times(values, now_ms)
    return _hash(values)


def _hash(values: dict[str, Any]) -> dict[str, Any]:
    """Before the transaction begins: others would wait for it as well."""
    if values.get("password_hash") is not None:
        values["password_hash"] = hashed(values["password_hash"])
    return values


def _check_others(connection: Connection, kind: Kind, values: Mapping[str, Any], own_id: int | None) -> None:
    """That what is referred to is there, and that nobody else has what is unique."""
    wrong = []
    for field, column, path in kind.references:
        wanted = values.get(column)
        if wanted is not None and not _exists(connection, BY_PATH[path], wanted):
            wrong.append({"field": field, "message": f"there is no {BY_PATH[path].one} {wanted}"})
    if wrong:
        raise Invalid(wrong)
    field, column = UNIQUE.get(kind.path, ("", ""))
    if field and field in values:
        table = table_of(kind)
        key = library.with_keys(kind, values)[column]
        found = connection.scalar(select(table.c.id).where(table.c[column] == key))
        if found is not None and found != own_id:
            raise Taken(
                field, f"{field}: {kind.one} {found} has this {field.replace('email', 'e-mail address')} already"
            )


def _exists(connection: Connection, kind: Kind, record_id: int) -> bool:
    columns = table_of(kind).c
    return connection.scalar(select(columns.id).where(columns.id == record_id)) is not None


def _say_plan(connection: Connection, kind: Kind, given: Mapping[str, Any], values: dict[str, Any]) -> None:
    """A payment that does not say what it is for is for the plan that its user has."""
    if kind is PAYMENTS and "plan_id" not in given:
        columns = table_of(USERS).c
        values["plan_id"] = connection.scalar(select(columns.plan_id).where(columns.id == values["member_id"]))


def _row(database: Database, kind: Kind, record_id: int) -> Any:
    with database.reading() as connection:
        return _found(
            connection.execute(select(table_of(kind)).where(table_of(kind).c.id == record_id)), kind, record_id
        )


def _lock(connection: Connection, kind: Kind, record_id: int) -> Any:
    query = select(table_of(kind)).where(table_of(kind).c.id == record_id).with_for_update()
    return _found(connection.execute(query), kind, record_id)


def _found(result: Any, kind: Kind, record_id: int) -> Any:
    row = result.first()
    if row is None:
        raise NoSuchRecord(f"there is no {kind.one} {record_id}")
    return row


def _uses(connection: Connection, kind: Kind, record_id: int) -> list[dict[str, Any]]:
    """How many records of which kinds refer to this one; counted up to a number that says it all."""
    found = []
    for other, column in referring(kind):
        table = table_of(other)
        some = select(table.c.id).where(table.c[column] == record_id).limit(MOST_COUNTED + 1)
        number = connection.scalar(select(func.count()).select_from(some.subquery())) or 0
        if number:
            shown = f"{number:,}" if number <= MOST_COUNTED else f"more than {MOST_COUNTED:,}"
            named = f"{shown} {other.one if number == 1 else other.many}"
            found.append({"field": other.path, "message": named, "count": number})
    return found


def _meanwhile(kind: Kind) -> Taken:
    """Somebody else was faster, where two can write at once."""
    return Taken(
        "", f"this {kind.one} was not stored: something it depends on was changed at the same moment; try again"
    )
