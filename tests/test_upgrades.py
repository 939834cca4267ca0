"""Databases of every earlier version, with what those have written, become ones of this version in any case."""

from __future__ import annotations

import functools
import json
import random
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import update

from core.config import ROOT
from core.db import Database, check_schema
from core.events import Kind, Person, Platform, event_to_json
from ingest import sales, store, terms
from init_db import upgrade
from models import SCHEMA_REVISION, FreshTerms, LibraryPayment, LibraryRevenueDay, StreamTerm
from models import Event as EventRow
from rules.funnel import Step
from rules.sales import checked
from tests import databases, old_versions, support
from tests.ingest.shop import tracked
from tests.old_versions import REVISIONS, Content, config_on, content
from tests.processes import Program
from tests.servers import PostgresServer
from tests.support import NOON, OTTO, POLICY, act, chat, days, rows, settle
from tests.test_migrations import shape_of
from tests.torture import interruptions
from tests.torture.books import damage, everything_told, recompute

pytestmark = pytest.mark.long

COUNTED_ANEW = "0002"  # versions before it had other totals
NOVA_OF_TWITCH = Person("300", "nova", "Nova")


# Whichever comes to a server takes the same steps from there: the oldest takes them all.
TAKEN = REVISIONS if databases.kind() == "sqlite" else [REVISIONS[0], REVISIONS[-1]]
INTERRUPTED = 4  # earlier versions, others each time; ``bin/torture interruptions`` takes all


@pytest.fixture(params=TAKEN)
def revision(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The SQLite file that a revision has left, written once."""
    folder = tmp_path_factory.mktemp("written")

    @functools.cache
    def file(revision: str) -> Path:
        found = folder / f"{revision}.db"
        with closing(Database(f"sqlite:///{found}")) as made:  # which moves the write-ahead log into the file
            old_versions.write(revision, made)
        return found

    return file


@pytest.fixture
def old(revision: str, written: Callable[[str], Path], tmp_path: Path) -> Iterator[Database]:
    """A database as ``revision`` has left it."""
    url = databases.empty_url(tmp_path, "old.db")
    if databases.kind() == "sqlite":
        shutil.copyfile(written(revision), tmp_path / "old.db")
    with closing(Database(url)) as made:
        if databases.kind() != "sqlite":
            old_versions.write(revision, made)
        yield made


def values_in(told: Content, table: str, columns: list[str]) -> list[tuple[Any, ...]]:
    """The rows of a table, with these columns of it."""
    places = [told[table]["columns"].index(name) for name in columns]
    return sorted((tuple(row[place] for place in places) for row in told[table]["rows"]), key=repr)


def test_there_is_one_of_every_version_with_something_in_every_table() -> None:
    made = [script.revision for script in ScriptDirectory(str(ROOT / "migrations")).walk_revisions()]
    assert set(REVISIONS) >= set(made) - {SCHEMA_REVISION}
    assert [
        (revision, name) for revision in REVISIONS for name, table in content(revision).items() if not table["rows"]
    ] == []


def test_all_that_an_earlier_version_wrote_is_kept(old: Database, revision: str) -> None:
    before = old_versions.dump(old)
    upgrade(old, POLICY)
    check_schema(old, SCHEMA_REVISION)
    after = old_versions.dump(old)
    totals = {"minute_rollups", "stream_terms", "stream_viewers", "viewers"} if revision < COUNTED_ANEW else set()
    for name in before.keys() - totals:
        columns = [column for column in before[name]["columns"] if column in after[name]["columns"]]
        was, became = values_in(before, name, columns), values_in(after, name, columns)
        assert set(was) <= set(became), name
        assert len(was) == len(became) or name == "gifts", name  # which had no subs before
    assert damage(old) == []


def test_totals_are_those_of_a_rebuild_before_and_after_this_version_writes_to_it(old: Database) -> None:
    upgrade(old, POLICY)
    as_recomputed(old, NOON)
    write_on(old)
    as_recomputed(old, NOON + days(1))


def test_francs_that_an_earlier_version_took_for_hundredths_are_counted_in_their_own_unit_once(
    tmp_path: Path,
) -> None:
    url = databases.empty_url(tmp_path, "francs.db")
    with closing(Database(url)) as made:
        old_versions.write("0013", made)
        of_francs = {"currency": "XPF", "amount_minor": 150_000}
        with made.writing() as connection:
            connection.execute(update(LibraryPayment).where(LibraryPayment.id == 1).values(of_francs))
        for _ in range(2):
            upgrade(made, POLICY)
            assert [(row["currency"], row["amount_minor"]) for row in rows(made, LibraryPayment)] == [
                ("XPF", 1_500),
                ("EUR", 499),
            ]
        (day,) = (row for row in rows(made, LibraryRevenueDay) if row["currency"] == "XPF")
        assert day["amount_minor"] == 1_500


def test_words_that_wait_are_added_up_when_a_version_is_gone_back_to_that_knows_no_such_thing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(terms, "BATCHES", 3)  # so that some are added up already
    with closing(Database(databases.empty_url(tmp_path))) as made:
        upgrade(made, POLICY)
        for number in range(5):
            support.write(made, [chat(OTTO, f"clutch word{number} Kappa", NOON + number, emotes=["Kappa"])])
        assert [len(rows(made, table)) for table in (FreshTerms, StreamTerm)] == [4, 5]
        with made.writing() as connection:
            by_earlier = update(FreshTerms).where(FreshTerms.used == "clutch word3")
            connection.execute(by_earlier.values(used='["clutch","word3"]'))
            command.downgrade(config_on(connection), "0014")
        assert [(row["emote"], row["term"], row["uses"], row["level"]) for row in rows(made, StreamTerm)] == [
            (False, "clutch", 5, 3),
            *((False, f"word{number}", 1, 1) for number in range(5)),
            (True, "Kappa", 5, 3),
        ]


def as_recomputed(of: Database, at_ms: int) -> None:
    settle(of, at_ms)
    before = everything_told(of)
    recompute(of, at_ms, POLICY)
    assert everything_told(of) == before


def write_on(to: Database) -> None:
    """Somebody who is known and somebody who is not, on both platforms, in the shop and at the till."""
    live = {"channel": "yukilive", "platform": Platform.TIKTOK}
    support.write(to, [chat(OTTO, "back again", NOON), chat(support.chatter(1), "hi", NOON + 1, amount=100)])
    support.write(to, [act(Kind.GIFT, OTTO, NOON, amount=10, quantity=2, diamonds=5, gift_id=5, name="Rose", **live)])
    with to.writing() as connection:
        store.record(
            connection, [tracked("new-1", Step.PURCHASE, NOON, amount_minor=250, currency="EUR")], NOON, POLICY
        )
        sale = checked({"id": "till-9", "amount": 5, "currency": "EUR"}, now_ms=NOON, currency="EUR")
        sales.record(connection, [sale], POLICY, NOON)


@pytest.mark.sqlite
def test_an_upgraded_database_is_made_like_a_new_one(old: Database, tmp_path: Path) -> None:
    upgrade(old, POLICY)
    with closing(support.database(tmp_path, "new.db")) as new:
        assert shape_of(old) == shape_of(new)


# One process asks for everything that needs no name, and for some that does, and tells what was answered.
ASK = """
import json, sys
import app
from core.config import Settings
from core.db import Database

here = {"base_url": "http://127.0.0.1", "environ_base": {"REMOTE_ADDR": "127.0.0.1"}}
told = []
for url in json.loads(sys.argv[1]):
    made = app.create_app(Settings(timezone="UTC"), Database(url))
    client = made.test_client()
    plain = {rule.rule for rule in made.url_map.iter_rules() if "GET" in rule.methods and not rule.arguments}
    plain.remove("/openapi.json")  # is made of code alone, and takes as long as most others together
    found = {path: client.get(path, **here) for path in [*sorted(plain), *json.loads(sys.argv[2])]}
    told.append({path: [one.status_code, one.json if one.is_json else one.text] for path, one in found.items()})
print(json.dumps(told))
"""
PROFILES, NOVA, ADE = "/api/viewer-profiles", "/api/viewer-profiles/nova", "/api/viewer-profiles/ade/export"
STREAMS, SHOP, MEMBER = "/api/streams", "/stats?range=all", "/api/user-stats/1"
PAGES = {"/", "/streams", "/viewers", "/store", "/revenue", "/library", "/voice", "/settings", "/docs", "/overlay"}


@pytest.mark.sqlite
@pytest.mark.timeout(300)
def test_every_page_and_call_answers_with_what_earlier_versions_wrote(
    program: Program, written: Callable[[str], Path], tmp_path: Path, figure: Callable[[str], None]
) -> None:
    urls = [f"sqlite:///{tmp_path / revision}.db" for revision in REVISIONS]
    for revision, url in zip(REVISIONS, urls, strict=True):
        shutil.copyfile(written(revision), tmp_path / f"{revision}.db")
        with closing(Database(url)) as made:
            upgrade(made, POLICY)
    ended = program.run("-c", ASK, json.dumps(urls), json.dumps([NOVA, ADE, SHOP, MEMBER]), timeout=240)
    assert ended.returncode == 0, ended.stderr
    for revision, answers in zip(REVISIONS, json.loads(ended.stdout), strict=True):
        assert [(path, told) for path, told in answers.items() if told[0] >= 500] == [], revision
        assert {answers[path][0] for path in PAGES} == {200}
        as_recorded(content(revision), {path: told[1] for path, told in answers.items()})
        figure(f"{len(answers)} pages and calls answered on a database of {revision}, upgraded")


def as_recorded(written: Content, told: dict[str, Any]) -> None:
    """That what is answered is what was written."""
    assert told[PROFILES]["pagination"]["total"] == len(written["viewers"]["rows"])
    assert told[STREAMS]["pagination"]["total"] == len(written["streams"]["rows"])
    assert told[NOVA]["total_comments"] == 6
    assert told[NOVA]["notes"] == ("moderates on Fridays" if "viewer_edits" in written else "")
    assert told[ADE]["profile"]["total_coins_spent"] == 3000
    assert told[SHOP]["total_events"] == len(written.get("store_events", {"rows": []})["rows"])
    assert told[MEMBER].get("name") == ("Ada Lovelace" if "library_members" in written else None)


@pytest.mark.sqlite
def test_the_programs_bring_the_first_version_s_database_up_to_date_and_go_on(program: Program, tmp_path: Path) -> None:
    url, tape = f"sqlite:///{tmp_path / 'old.db'}", tmp_path / "evening.ndjson"
    tape.write_text(2 * (event_to_json(chat(NOVA_OF_TWITCH, "still here", NOON, source_id="late")) + "\n"))
    with closing(Database(url)) as made:
        old_versions.write(REVISIONS[0], made)
        assert "run `python init_db.py`" in program.run("collector.py", DATABASE_URL=url, CHANNEL="lena").stderr
        assert program.run("init_db.py", DATABASE_URL=url, TIMEZONE="UTC").returncode == 0
        ended = program.run("collector.py", "--replay", str(tape), "--as-recorded", DATABASE_URL=url, TIMEZONE="UTC")
        assert ended.returncode == 0, ended.stderr
        assert "imported 1 events, 1 already known" in ended.stderr
        assert [row["text"] for row in rows(made, EventRow)][-1] == "still here"
        as_recomputed(made, NOON + days(1))


@pytest.mark.sqlite
@pytest.mark.timeout(300)
def test_an_upgrade_that_is_killed_leaves_what_was_or_what_is_to_be_and_can_be_repeated(
    tmp_path: Path, figure: Callable[[str], None]
) -> None:
    chance, ended = random.Random(), 0
    with interruptions.upgrader() as upgraded:
        for earlier in chance.sample(interruptions.OLDER, INTERRUPTED):
            with interruptions.old_file(earlier, tmp_path) as made:
                killed, wrong = interruptions.interrupt(made, upgraded, 2, chance)
            assert wrong == []
            assert killed, "the commit is one of the moments"
            ended += killed
    figure(f"{ended} upgrades killed in the middle, from {INTERRUPTED} earlier versions: each repeated")


def test_so_it_is_on_postgresql(postgres: PostgresServer) -> None:
    """There a server outlives the process that is killed, and has to notice."""
    with (
        interruptions.upgrader() as upgraded,
        interruptions.old_on_server(REVISIONS[0], postgres) as made,
    ):
        assert interruptions.interrupt(made, upgraded, 2, random.Random()) == (2, [])
