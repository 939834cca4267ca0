"""The collector as a process: from a line of Twitch's to the database, the answers and the pages, through every end."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from actions import installation
from core.db import Database
from models import Channel, CoverageGap, Heartbeat, Installation, SourceCondition, StoreEvent
from models import Event as EventRow
from tests import databases, support
from tests.processes import Program, Refusals, Running, WebProcess, wait_until
from tests.sources.twitch_server import Said, TwitchServer, clearmsg, new_id, privmsg
from tests.web.sockets import listening

pytestmark = pytest.mark.long

TOKEN = "k3ptfr0meverylog"
HOSTILE = "<img src=x onerror=alert(1)> \u202e'; DROP TABLE events; -- ünïcödé 🎉"


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = support.database(tmp_path)
    yield database
    database.close()


def url_of(database: Database) -> str:
    return databases.address(database)


def texts(database: Database) -> list[str]:
    """What was said, in the order of storing, repetitions included."""
    with database.reading() as connection:
        query = select(EventRow.text).where(EventRow.text.is_not(None)).order_by(EventRow.id)
        return [text or "" for text in connection.scalars(query)]


def rows(database: Database, table: Any) -> list[Any]:
    with database.reading() as connection:
        return list(connection.execute(select(table.__table__)))


def reading(program: Program, database: Database, twitch: TwitchServer, **settings: str) -> Running:
    """A collector that reads ``lena`` anonymously."""
    own = {"CHANNEL": "lena", "TWITCH_IRC_URL": twitch.irc_url, "TWITCH_VALIDATE_URL": twitch.validate_url}
    return program.collector(url_of(database), **own | settings)


def until_joined(twitch: TwitchServer, collector: Running, channel: str = "lena") -> None:
    wait_until(
        lambda: twitch.has(channel) or collector.process.poll() is not None, f"{channel} joined: {collector.log}", 30
    )
    collector.wait_for_log(f"Reading Twitch channel {channel}")


# --- one collector and one web process for all that leaves them alone ---


@dataclass
class Studio:
    twitch: TwitchServer
    web: WebProcess
    collector: Running
    database: Database

    def stats(self, channel: str = "lena") -> dict[str, Any]:
        return httpx.get(f"{self.web.url}/api/stats", params={"channel": channel}).json()


@pytest.fixture(scope="module")
def studio(program: Program, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    database = support.database(tmp_path_factory.mktemp("studio"))
    settings = {"CHANNEL": "#Lena, max", "TMI_TOKEN": f"oauth:{TOKEN}", "PREFIX": "?!"}
    with (
        TwitchServer(token=TOKEN) as twitch,
        reading(program, database, twitch, **settings) as collector,
        program.web(url_of(database)) as web,
    ):
        for channel in ("lena", "max"):
            until_joined(twitch, collector, channel)
        yield Studio(twitch, web, collector, database)
    database.close()


def test_what_is_said_on_twitch_is_in_the_database_and_in_the_answers(studio):
    studio.twitch.say("lena", "hello from twitch", "mila")
    studio.twitch.say("max", "hello max", "noor")
    wait_until(lambda: {"hello from twitch", "hello max"} <= set(texts(studio.database)), "both are stored")
    assert rows(studio.database, StoreEvent) == [], "a real collector makes up no shop"
    answer = studio.stats()
    assert {"user": "Mila", "message": "hello from twitch"} in answer["recent"]
    assert answer["counts"][-1] + answer["counts"][-2] >= 1
    assert "hello max" not in str(answer)
    assert [(source["name"], source["state"]) for source in answer["channels"]] == [("lena", "connected")]


def test_a_line_of_twitchs_is_on_a_page_within_moments(studio):
    with listening(studio.web.url, {"channel": "lena"}) as page:
        sent = time.monotonic()
        studio.twitch.say("lena", "quick as can be", "mila")
        page.wait_until(lambda: "quick as can be" in page.texts(), timeout=5)
        assert time.monotonic() - sent < 5
        page.wait_for("stats", lambda push: push["recent"][0]["message"] == "quick as can be")


def test_hostile_text_passes_through_unchanged(studio):
    with listening(studio.web.url, {"channel": "lena"}) as page:
        studio.twitch.say("lena", HOSTILE, "mila", display_name="<b>Mila</b>")
        page.wait_until(lambda: HOSTILE in page.texts())
    assert studio.stats()["recent"][0] == {"user": "<b>Mila</b>", "message": HOSTILE}


def test_what_moderators_delete_leaves_every_page_and_answer(studio):
    with listening(studio.web.url, {"channel": "lena"}) as page:
        message_id = studio.twitch.say("lena", "an awful word", "mila")
        page.wait_until(lambda: "an awful word" in page.texts())
        row = next(item for item in page.chat() if item["text"] == "an awful word")
        studio.twitch.send(clearmsg("lena", message_id, "mila", "an awful word"))
        page.wait_for("removed", lambda push: row["id"] in push["ids"])
    assert "awful" not in httpx.get(f"{studio.web.url}/api/stats").text
    stream = httpx.get(f"{studio.web.url}/api/streams", params={"channel": "lena"}).json()["data"][0]
    assert "awful" not in httpx.get(f"{studio.web.url}/api/streams/{stream['id']}/chat").text


def answers_to(studio: Studio, message_id: str) -> list[Said]:
    return [said for said in list(studio.twitch.said) if said.reply_to == message_id]


def test_pulse_and_viewer_are_answered_in_chat(studio):
    asked = studio.twitch.say("lena", "?!pulse", "ana")
    studio.twitch.wait_until(lambda: bool(answers_to(studio, asked)))
    (said,) = answers_to(studio, asked)
    assert said.channel == "lena"
    assert "StreamPulse is up" in said.text
    assert "per minute" in said.text
    asked = studio.twitch.say("lena", "?!viewer", "ben")
    studio.twitch.wait_until(lambda: bool(answers_to(studio, asked)))
    assert answers_to(studio, asked)[0].text.startswith("Ben")


def test_each_person_is_answered_once_in_ten_seconds_and_nobody_waits_for_another(studio):
    first = studio.twitch.say("lena", "?!pulse", "cleo")
    studio.twitch.wait_until(lambda: bool(answers_to(studio, first)))
    again = [studio.twitch.say("lena", text, "cleo") for text in ("?!pulse", "?!viewer", "?!PULSE")]
    elsewhere = studio.twitch.say("max", "?!pulse", "cleo")
    other = studio.twitch.say("lena", "?!pulse", "dora")
    studio.twitch.wait_until(lambda: bool(answers_to(studio, other)))
    assert [answers_to(studio, asked) for asked in (*again, elsewhere)] == [[], [], [], []]


def test_people_opt_out_and_are_forgotten_from_chat_at_once(studio):
    studio.twitch.say("lena", "remember my secret", "hugo")
    wait_until(lambda: "remember my secret" in texts(studio.database), "it is stored")
    for command, told in (("pulse", "is up"), ("optout", "nothing more of you"), ("forgetme", "is erased")):
        asked = studio.twitch.say("lena", f"?!{command}", "hugo")
        studio.twitch.wait_until(lambda asked=asked: bool(answers_to(studio, asked)))
        assert told in answers_to(studio, asked)[0].text
    studio.twitch.say("lena", "unheard", "hugo")
    studio.twitch.say("lena", "heard", "ines")
    wait_until(lambda: "heard" in texts(studio.database), "what came after it is stored")
    assert {"remember my secret", "unheard"}.isdisjoint(texts(studio.database))


def test_what_is_no_command_of_ours_is_not_answered(studio):
    before = len(studio.twitch.said)
    for text in ("!pulse", "?!unknown", "?! pulse", "say ?!pulse", "?!pulses", "?!pulse; rm -rf /"):
        studio.twitch.say("lena", text, f"emil{len(text)}")
    asked = studio.twitch.say("lena", "?!pulse now please", "fay")
    studio.twitch.wait_until(lambda: bool(answers_to(studio, asked)))
    assert len(studio.twitch.said) == before + 1


def test_the_bots_own_messages_are_not_counted(studio):
    studio.twitch.say("lena", "I am the bot", studio.twitch.login)
    studio.twitch.say("lena", "I am not", "gina")
    wait_until(lambda: "I am not" in texts(studio.database), "what came after it is stored")
    assert "I am the bot" not in texts(studio.database)


def test_health_tells_of_the_running_collector(studio):
    def is_ok() -> bool:
        return httpx.get(f"{studio.web.url}/health").json()["status"] == "ok"

    wait_until(is_ok, "health is ok")
    answer = httpx.get(f"{studio.web.url}/health").json()
    assert answer["collector"]["running"] is True
    assert answer["collector"]["dropped"].keys() <= {"ignored_person", "opted_out"}  # by what was said above
    assert {source["name"] for source in answer["sources"]} == {"lena", "max"}


def test_a_lost_connection_is_told_and_mended(studio):
    with listening(studio.web.url, {"channel": "lena"}) as page:
        studio.twitch.drop()
        page.wait_for("sources", lambda push: push["channels"][0]["state"] == "waiting", timeout=8)
        page.wait_for("sources", lambda push: push["channels"][0]["state"] == "connected", timeout=15)
        wait_until(lambda: studio.twitch.has("lena"), "joined again")
        studio.twitch.say("lena", "back again", "mila")
        page.wait_until(lambda: "back again" in page.texts())


def test_the_token_is_in_no_log_and_in_no_answer(studio):
    assert TOKEN not in studio.collector.log
    assert TOKEN not in studio.web.log
    for path in ("/health", "/metrics", "/api/stats", "/"):
        assert TOKEN not in httpx.get(f"{studio.web.url}{path}").text


# --- ends ---


def test_terminated_it_stores_everything_says_so_and_is_gone_within_six_seconds(program, database):
    with TwitchServer() as twitch, reading(program, database, twitch) as collector:
        until_joined(twitch, collector)
        sent = [f"message {number}" for number in range(500)]
        for text in sent:
            twitch.say("lena", text)
        twitch.ping()
        twitch.wait_until(lambda: any(line.startswith("PONG") for line in twitch.lines))  # so all is read
        started = time.monotonic()
        assert collector.stop() == 0
        assert time.monotonic() - started < 6
        assert "Traceback" not in collector.log
        assert " level=error" not in collector.log
    assert texts(database) == sent
    (condition,) = rows(database, SourceCondition)
    assert condition.state == "stopped"
    (gap,) = rows(database, CoverageGap)
    assert gap.ended_at_ms is None


def test_killed_in_the_middle_it_goes_on_without_doubling_and_the_gap_is_known(program, database):
    with TwitchServer() as twitch:
        lines = [privmsg("lena", f"message {number}", id=new_id()) for number in range(1_000)]
        with reading(program, database, twitch) as collector:
            until_joined(twitch, collector)
            twitch.send(*lines[:600])
            wait_until(lambda: len(texts(database)) > 100, "some are stored")
            collector.kill()
        stored = texts(database)
        assert stored == [f"message {number}" for number in range(len(stored))], "in order and none twice"
        with reading(program, database, twitch) as collector:
            until_joined(twitch, collector)
            twitch.send(*lines)  # those that were stored come again
            wait_until(lambda: len(texts(database)) >= 1_000, "all are stored", 15)
            assert collector.stop() == 0
    assert sorted(texts(database)) == sorted(f"message {number}" for number in range(1_000))
    (channel,) = rows(database, Channel)
    assert channel.total_messages == 1_000
    down, stopped = sorted(rows(database, CoverageGap), key=lambda gap: gap.started_at_ms)
    assert down.reason == "the collector was down"
    assert down.ended_at_ms > down.started_at_ms
    assert stopped.ended_at_ms is None
    if database.is_sqlite:
        with database.reading() as connection:
            assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"


def test_it_can_be_stopped_before_anything_is_connected(program, database):
    installation.zone_that_moved(database, "Pacific/Kiritimati")
    with TwitchServer() as twitch:
        twitch.refusing = True
        with reading(program, database, twitch) as collector:
            collector.wait_for_log("TIMEZONE was Pacific/Kiritimati")
            collector.wait_for_log("trying again")
            assert collector.stop() == 0
            assert "Traceback" not in collector.log


def test_while_the_database_is_locked_nothing_is_lost(program, database):
    with TwitchServer() as twitch, reading(program, database, twitch) as collector:
        until_joined(twitch, collector)
        with database.writing():  # somebody else's long transaction
            twitch.say("lena", "said meanwhile")
            collector.wait_for_log("cannot write")
        wait_until(lambda: "said meanwhile" in texts(database), "it is stored", 15)
        assert collector.stop() == 0


# --- refusals ---


@pytest.fixture(scope="module")
def refusal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Refusals]:
    with Refusals(Program.copied_to(tmp_path_factory.mktemp("refusing")), "collector") as refusal:
        yield refusal


def test_without_a_channel_it_says_what_to_set_and_leaves_the_database_as_it_is(refusal, database):
    line = refusal(DATABASE_URL=url_of(database))
    assert line.startswith("CHANNEL: ")
    assert "--demo" in line
    assert rows(database, Installation) == [], "the demo may still be tried"
    assert rows(database, Heartbeat) == []


def test_without_a_channel_no_tape_is_begun(refusal, database, tmp_path):
    refusal("--record", str(tmp_path / "tape.ndjson"), DATABASE_URL=url_of(database))
    assert not (tmp_path / "tape.ndjson").exists()


def test_a_refusal_is_one_line_on_standard_error_and_exit_code_2(program, database):
    ended = program.run("collector.py", DATABASE_URL=url_of(database), CHANNEL="no/such/name")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith("collector.py: CHANNEL: a Twitch channel is ")
    assert ended.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CHANNEL", "lena, two words"),
        ("PREFIX", "! "),
        ("TWITCH_IRC_URL", "irc.example:6667"),
        ("SESSION_TIMEOUT", "soon"),
        ("DATABASE_URL", "nonsense"),
        ("TIMEZONE", "Mars/Olympus"),
        ("BIT_VALUE", "-1"),
    ],
)
def test_a_wrong_setting_is_named(refusal, database, name, value):
    settings = {"DATABASE_URL": url_of(database), "CHANNEL": "lena", name: value}
    assert refusal(**settings).startswith(f"{name}: ")


def test_a_database_without_schema_is_refused_with_the_command_that_makes_it(refusal, tmp_path):
    line = refusal(DATABASE_URL=f"sqlite:///{tmp_path / 'empty.db'}", CHANNEL="lena")
    assert "run `python init_db.py`" in line


def test_a_folder_that_is_not_there_is_said(refusal):
    line = refusal(DATABASE_URL="sqlite:////nowhere/at/all.db", CHANNEL="lena")
    assert "does its folder exist" in line


def test_the_demo_streams_what_happens_in_its_shop_and_marks_it(program, database):
    with program.collector(url_of(database), "--demo", "--speed", "100") as collector:
        wait_until(
            lambda: len(rows(database, StoreEvent)) >= 5 or collector.process.poll() is not None, collector.log, 30
        )
        assert collector.stop() == 0
    events = rows(database, StoreEvent)
    assert len(events) >= 5, collector.log
    assert all(event.is_simulated for event in events)
    assert {row.value for row in rows(database, Installation) if row.key == "content"} == {"demo"}


def test_the_demo_does_not_mix_with_real_data_nor_real_data_with_the_demo(refusal, database):
    def hold(content: str) -> None:
        with database.writing() as connection:
            connection.execute(Installation.__table__.delete())
            connection.execute(Installation.__table__.insert(), {"key": "content", "value": content})

    hold("real")
    assert "holds real data" in refusal("--demo", DATABASE_URL=url_of(database))
    hold("demo")
    line = refusal(DATABASE_URL=url_of(database), CHANNEL="lena")
    assert "holds demo data" in line
    assert "--remove-demo" in line


def test_a_tape_that_is_not_there_is_said(refusal, database, tmp_path):
    line = refusal("--replay", str(tmp_path / "none.ndjson"), DATABASE_URL=url_of(database))
    assert "none.ndjson" in line
    assert rows(database, Installation) == []
