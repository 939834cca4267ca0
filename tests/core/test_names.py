"""Names looked up in the database: by their beginning, by a part, and never by an index that was not meant."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import bindparam, insert, literal, select
from sqlalchemy.dialects import postgresql

from core.db import Database
from core.statements import Prepared
from core.text_search import begins_with, holds, searched, unindexed
from models import Channel, IgnoredName
from tests.support import examples, fresh_database


def found_by(db: Database, query: Any, **values: str) -> list[str]:
    with db.reading() as connection:
        return sorted(Prepared(query)(connection, **values).scalars())


@given(
    names=st.lists(st.text(st.sampled_from("ab%_/\\'\"é:;"), min_size=1, max_size=5), min_size=1, unique=True),
    prefix=st.text(st.sampled_from("ab%_/\\'\"é:"), min_size=1, max_size=2),
)
@examples(40)
def test_a_beginning_is_looked_up_as_text_in_the_index(names: list[str], prefix: str) -> None:
    query = select(IgnoredName.name).where(begins_with(IgnoredName.name, bindparam("prefix")))
    with fresh_database() as db:
        with db.writing() as connection:
            connection.execute(insert(IgnoredName), [{"name": name} for name in names])
        assert found_by(db, query, prefix=prefix) == sorted(name for name in names if name.startswith(prefix))
        with db.reading() as connection:
            if not db.is_sqlite:
                return
            sql = str(query.compile(dialect=connection.dialect))
            plan = str(connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", (prefix, prefix)).all())
            assert "SEARCH" in plan


def test_elsewhere_a_beginning_is_left_to_trigrams_and_no_percent_sign_disturbs_the_driver() -> None:
    query = select(IgnoredName.name).where(begins_with(IgnoredName.name, bindparam("prefix")))
    sql = str(query.compile(dialect=postgresql.dialect(paramstyle="pyformat")))
    assert "LIKE %(prefix)s || chr(37) ESCAPE '' AND starts_with(ignored_names.name, %(prefix)s)" in sql


@pytest.mark.parametrize("text", ["ab%", "a_b", "a/b", 'a"b', "a'b", "a*b", "a OR b", "NEAR(a b)", "%%%", "///"])
def test_what_is_searched_is_text_whatever_its_signs_mean_elsewhere(db: Database, text: str) -> None:
    pattern = searched(text)["pattern"]
    like = select(literal("found")).where(holds(bindparam("name"), bindparam("pattern")))
    for name, found in ((f"x{text.swapcase()}y", True), ("xabcdefg", False), ("x", False)):
        assert found_by(db, like, name=name, pattern=pattern) == (["found"] if found else [])


def test_what_is_searched_can_be_given_to_a_statement_beforehand(db: Database) -> None:
    query = select(IgnoredName.name).where(holds(IgnoredName.name, bindparam("pattern"))).params(searched("B"))
    with db.writing() as connection:
        connection.execute(insert(IgnoredName), [{"name": name} for name in ("abc", "xyz")])
    with db.reading() as connection:
        assert list(connection.execute(query).scalars()) == ["abc"]


@pytest.mark.sqlite
def test_an_index_that_must_not_be_chosen_is_not(db: Database) -> None:
    chosen = select(Channel.id).where(unindexed(Channel.platform) == "twitch")
    assert "+channels.platform = ?" in str(chosen.compile(dialect=db.engine.dialect))
    assert "+" not in str(chosen.compile(dialect=postgresql.dialect()))
