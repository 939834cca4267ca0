"""Statements: rows in bulk, lists as one parameter, and questions compiled once."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, bindparam, column, delete, event, func, insert, select, table, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import DBAPIError, IntegrityError, InvalidRequestError

from core.db import Database, is_outage
from core.statements import BulkStatement, Prepared, adding, among, insert_for, one_of, replacing, upserting
from models import Channel, IgnoredName, Installation, LastSeenDay, StoreSample
from tests.support import examples, fresh_database, rows

ADD = BulkStatement(lambda insert: insert(IgnoredName), ("name",))
NOTE = BulkStatement(lambda insert: insert(Installation).on_conflict_do_nothing(), ("value", "key"))


def _change(_insert: Any) -> Any:
    return update(Installation).where(Installation.key == bindparam("which")).values(value=bindparam("new_value"))


CHANGE = BulkStatement(_change, ("which", "new_value"))
CHANGE_EACH = BulkStatement(_change, ("which", "new_value"), each_once=True)
COUNT = adding(LastSeenDay, ["day"], ["viewers"])


def test_a_bulk_statement_writes_all_rows_whatever_the_order_of_its_columns(db: Database) -> None:
    with db.writing() as connection:
        NOTE.run(connection, [("1", "a"), ("2", "b"), ("3", "c"), ("4", "a")])
        CHANGE.run(connection, [("b", "20"), ("c", "30"), ("nobody", "0")])
        ADD.run(connection, [(f"bot{number}",) for number in range(3)])
    assert [(row["key"], row["value"]) for row in rows(db, Installation)] == [("a", "1"), ("b", "20"), ("c", "30")]
    assert [row["name"] for row in rows(db, IgnoredName)] == ["bot0", "bot1", "bot2"]


@pytest.mark.parametrize("count", [1, 3, 4, 19, 128, 300])
def test_a_bulk_statement_writes_any_number_of_rows(db: Database, count: int) -> None:
    keys = [f"key{number:03}" for number in range(count)]
    with db.writing() as connection:
        NOTE.run(connection, [("old", key) for key in keys])
        CHANGE_EACH.run(connection, [(key, f"new {key}") for key in keys[1:]])
    found = {row["key"]: row["value"] for row in rows(db, Installation)}
    assert found == {key: "old" if key == keys[0] else f"new {key}" for key in keys}


def test_an_upsert_changes_only_what_it_names_in_a_row_that_is_there(db: Database) -> None:
    keys, columns = ("measure", "hour"), ("count", "total", "squares")
    with db.writing() as connection:
        replacing(StoreSample, keys, columns).run(connection, [("rate", 1, 1, 1, 1), ("rate", 1, 10, 20, 30)])
        some = upserting(StoreSample, keys, columns, add_to=["count"], replace=["total"])
        some.run(connection, [("rate", 1, 5, 6, 7), ("rate", 2, 5, 6, 7)])
    assert [tuple(row.values()) for row in rows(db, StoreSample)] == [("rate", 1, 15, 6, 30), ("rate", 2, 5, 6, 7)]


def test_rows_of_a_bulk_statement_that_meet_the_same_row_all_count_in_their_order(db: Database) -> None:
    with db.writing() as connection:
        COUNT.run(connection, [(number % 3, number) for number in range(300)])
        NOTE.run(connection, [("0", "a")])
        CHANGE.run(connection, [("a", str(number)) for number in range(300)])
    assert {row["day"]: row["viewers"] for row in rows(db, LastSeenDay)} == {
        day: sum(range(day, 300, 3)) for day in range(3)
    }
    assert rows(db, Installation) == [{"key": "a", "value": "299"}]


def test_a_row_of_many_that_is_refused_is_told_as_an_error_of_the_table(db: Database) -> None:
    with pytest.raises(IntegrityError, match="ignored_names"), db.writing() as connection:
        ADD.run(connection, [(f"bot{number % 299}",) for number in range(300)])
    assert rows(db, IgnoredName) == []


def test_a_bulk_statement_without_rows_does_nothing(db: Database) -> None:
    with db.reading() as connection:
        NOTE.run(connection, [])
    assert rows(db, Installation) == []


def test_a_bulk_statement_names_its_parameters_where_the_dialect_wants_names() -> None:
    sent = list[tuple[str, Any]]()
    dialect = postgresql.dialect(paramstyle="pyformat")
    fake = SimpleNamespace(dialect=dialect, exec_driver_sql=lambda *call: sent.append(cast("tuple[str, Any]", call)))
    NOTE.run(cast("Connection", fake), [("1", "a"), ("2", "b")])
    ((sql, parameters),) = sent
    assert "ON CONFLICT DO NOTHING" in sql
    assert "%(value)s" in sql
    assert parameters == [{"value": "1", "key": "a"}, {"value": "2", "key": "b"}]


def test_upserts_use_the_dialects_own_insert(db: Database) -> None:
    with db.writing() as connection:
        for value in ("old", "new"):
            upsert = insert_for(connection)(Installation).values(key="a", value=value)
            changes = {"value": upsert.excluded.value}
            connection.execute(upsert.on_conflict_do_update(index_elements=["key"], set_=changes))
    assert rows(db, Installation) == [{"key": "a", "value": "new"}]


names = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)


@examples(40)
@given(st.sets(names, max_size=8), st.sets(names, max_size=8))
def test_one_of_finds_exactly_the_rows_that_are_wanted(stored: set[str], wanted: set[str]) -> None:
    with fresh_database() as db:
        with db.writing() as connection:
            ADD.run(connection, [(name,) for name in stored])
        with db.reading() as connection:
            found = connection.scalars(select(IgnoredName.name).where(one_of(connection, IgnoredName.name, wanted)))
            assert set(found) == stored & wanted


def test_one_of_takes_any_number_of_values_and_numbers_too(db: Database) -> None:
    with db.writing() as connection:
        connection.execute(insert(Channel), [{"platform": "twitch", "name": f"n{number}"} for number in range(50)])
        wanted = select(Channel.id).where(one_of(connection, Channel.id, range(41, 100_000)))
        assert list(connection.scalars(wanted)) == list(range(41, 51))
        assert list(connection.scalars(select(Channel.id).where(one_of(connection, Channel.id, ())))) == []


# Questions compiled once.

BY_VALUE = Prepared(
    select(Installation.key)
    .where(among(Installation.key, "keys"), Installation.value == bindparam("value"), Installation.value != "never")
    .order_by(Installation.key)
    .limit(bindparam("limit"))
)


def test_a_prepared_question_is_asked_again_with_other_values(db: Database) -> None:
    with db.writing() as connection:
        NOTE.run(connection, [("x", "a"), ("x", "b"), ("y", "c"), ("x", "d")])
        assert BY_VALUE(connection, keys=["a", "c", "d"], value="x", limit=10).scalars().all() == ["a", "d"]
        assert BY_VALUE(connection, keys=["a", "c", "d"], value="y", limit=10).scalars().all() == ["c"]
        assert BY_VALUE(connection, keys=["a", "c", "d"], value="x", limit=1).scalars().all() == ["a"]
        assert BY_VALUE(connection, keys=[], value="x", limit=10).scalars().all() == []
        many = [f"other{number}" for number in range(100_000)]
        assert BY_VALUE(connection, keys=[*many, "b"], value="x", limit=10).scalars().all() == ["b"]


def test_a_prepared_question_names_its_values_and_hands_lists_over_where_the_dialect_wants_that() -> None:
    sent = list[tuple[str, Any]]()
    dialect = postgresql.dialect(paramstyle="pyformat")
    fake = SimpleNamespace(dialect=dialect, exec_driver_sql=lambda *call: sent.append(cast("tuple[str, Any]", call)))
    BY_VALUE(cast("Connection", fake), keys=["a"], value="x", limit=3)
    ((sql, parameters),) = sent
    assert "= ANY(%(keys)s)" in sql
    assert {name: parameters[name] for name in ("keys", "value", "limit")} == {"keys": ["a"], "value": "x", "limit": 3}


@pytest.mark.sqlite
def test_numbers_that_never_change_are_no_parameters_of_sqlites(db: Database) -> None:
    """With one that is to fit a partial index, each new value of any parameter would have it planned anew."""
    query = select(Installation.key).where(
        func.length(Installation.key) > 3, Installation.key != "why?", Installation.value == bindparam("value")
    )
    question = Prepared(query.order_by(Installation.key).limit(bindparam("limit", 2)).offset(1))
    keys = ["four", "fives", "sixths", "two", "why?"]
    with db.writing() as connection:
        connection.execute(insert(Installation), [{"key": key, "value": "x"} for key in keys])
        connection.execute(insert(Installation).values(key="seventh", value="y"))
    with db.reading() as connection:
        assert list(question(connection, value="x").scalars()) == ["four", "sixths"]
        assert list(question(connection, value="x", limit=1).scalars()) == ["four"]
        compiled = question._compiled["sqlite"]
    assert " > 3 " in compiled.sql
    assert compiled.sql.count("?") == len(compiled.order or ()) == 3
    assert compiled.sql.endswith("OFFSET 1")


def test_what_goes_wrong_with_a_question_is_told_as_sqlalchemy_tells_it(db: Database) -> None:
    missing = Prepared(select(column("name")).select_from(table("nowhere")))
    with db.reading() as connection, pytest.raises(DBAPIError, match="nowhere") as error:
        missing(connection)
    assert is_outage(error.value)


def test_what_goes_wrong_with_many_rows_is_told_as_sqlalchemy_tells_it(db: Database) -> None:
    with pytest.raises(IntegrityError), db.writing() as connection:
        NOTE.run(connection, [("1", "a"), ("2", "b")])
        connection.execute(delete(Installation))
        ADD.run(connection, [("bot",), ("bot",)])
    assert rows(db, IgnoredName) == []


def test_a_question_is_answered_alike_whether_somebody_listens_or_not(db: Database) -> None:
    with db.writing() as connection:
        NOTE.run(connection, [("1", "a"), ("2", "b")])
    both = Prepared(select(Installation.key, Installation.value.label("told")).order_by(Installation.key))
    with db.reading() as connection:
        alone = both(connection).all()
    asked = list[str]()
    event.listen(db.engine, "before_cursor_execute", lambda *call: asked.append(call[2]))
    with db.reading() as connection:
        heard = both(connection).all()
    assert len(asked) == 1
    assert alone == heard == [("a", "1"), ("b", "2")]
    assert [row.told for row in alone] == ["1", "2"]
    assert dict(alone[0]._mapping) == dict(heard[0]._mapping) == {"key": "a", "told": "1"}


@pytest.mark.parametrize("limit", [0, 1, 2])
def test_an_answer_is_taken_alike_whether_somebody_listens_or_not(db: Database, limit: int) -> None:
    with db.writing() as connection:
        NOTE.run(connection, [("x", "a"), ("x", "b")])
    question = Prepared(select(Installation.key, Installation.value).order_by(Installation.key).limit(limit))
    ways: list[Callable[[Any], Any]] = [
        lambda answer: answer.first(),
        lambda answer: answer.one(),
        lambda answer: answer.scalar(),
        lambda answer: answer.scalar_one(),
        lambda answer: answer.scalars().all(),
        lambda answer: answer.scalars().first(),
        lambda answer: list(answer.scalars()),
        lambda answer: list(answer.tuples()),
        lambda answer: list(answer),
    ]
    alone = [told(db, question, way) for way in ways]
    event.listen(db.engine, "before_cursor_execute", lambda *_call: None)
    assert [told(db, question, way) for way in ways] == alone


def told(db: Database, question: Prepared, way: Callable[[Any], Any]) -> Any:
    with db.reading() as connection:
        try:
            return way(question(connection))
        except (ValueError, InvalidRequestError):
            return "another number of rows"
