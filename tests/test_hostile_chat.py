"""The hostile corpus in real chats: from servers that speak Twitch's and TikTok's protocols to answers and logs."""

from __future__ import annotations

import re
from collections.abc import Iterator

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import select

from core.db import Database
from models import Event, Viewer
from tests import databases, support
from tests.hostile import AVATARS, BYTES, LONG, TEXTS
from tests.processes import Program, Running, WebProcess, wait_until
from tests.sources.tiktok_server import TikTokServer, comment, gift, proto, user
from tests.sources.twitch_server import TwitchServer

SOON = 30.0
LINE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00 level=[a-z]+ logger=[\w.]+ msg=\".*\"|  \| .*")
BREAKS = re.compile(r"[\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
# No IRC line holds its own end, and no database NUL.
SAID = {name: text.replace("\r\n", " ").replace("\0", "") for name, text in TEXTS.items()}


class Chats:
    def __init__(self, twitch: TwitchServer, tiktok: TikTokServer, database: Database) -> None:
        self.twitch, self.tiktok, self.database = twitch, tiktok, database
        self.logs: list[Running] = []

    def texts(self) -> set[str]:
        with self.database.reading() as connection:
            return {text for text in connection.scalars(select(Event.text)) if text}

    def people(self) -> set[tuple[str, str]]:
        with self.database.reading() as connection:
            return {(row.display_name, row.avatar_url) for row in connection.execute(select(Viewer.__table__))}


def talk(chats: Chats) -> None:
    for number, text in enumerate(SAID.values()):
        chats.twitch.say("lena", text, f"fan{number}", display_name=text[:60])
        pictures = proto().ImageModel(url_list=[AVATARS[number % len(AVATARS)][:2_000]])
        who = user(f"fan{number}", nickname=text[:60], bio_description=text, avatar_thumb=pictures)
        chats.tiktok.send(
            "mila", comment(text, user=who), gift(2, user=who, gift_id=number + 1, name=text[:90], kind=0)
        )
    chats.twitch.say("lena", LONG[:9_000])
    chats.tiktok.send("mila", comment(LONG))
    chats.twitch.send(*(f"@x={text} NOTICE #lena :{text}" for text in SAID.values()))


@pytest.fixture(scope="module")
def chats(program: Program, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Chats, WebProcess]]:
    database = support.database(tmp_path_factory.mktemp("chats"))
    url = databases.address(database)
    with TwitchServer() as twitch, TikTokServer() as tiktok:
        settings = {"CHANNEL": "lena", "TWITCH_IRC_URL": twitch.irc_url, "TWITCH_VALIDATE_URL": twitch.validate_url}
        settings |= {"TIKTOK_CHANNEL": "mila", "TIKTOK_APP_URL": tiktok.app_url}
        settings |= {"TIKTOK_WEBCAST_URL": tiktok.webcast_url, "TIKTOK_SIGN_URL": tiktok.sign_url}
        tiktok.go_live("mila")
        with program.collector(url, **settings) as collector, program.web(url) as web:
            for name in ("Twitch channel lena", "TikTok channel mila"):
                collector.wait_for_log(f"Reading {name}", SOON)
            made = Chats(twitch, tiktok, database)
            made.logs = [collector, web]
            talk(made)
            yield made, web
    database.close()


def test_every_text_is_stored_as_it_was_typed_and_every_name_beside_it(chats: tuple[Chats, WebProcess]) -> None:
    made, web = chats
    wait_until(lambda: set(SAID.values()) <= made.texts(), "all that was said is stored", SOON)
    names = {name for name, _ in made.people()}
    assert {text for text in SAID.values() if text.strip() and text[:60] not in names} == set()
    assert {picture for _, picture in made.people() if not picture.startswith("https://x")} == {""}
    recent = httpx.get(f"{web.url}/api/stats", params={"channel": "mila"}).json()["recent"]
    assert recent[0]["message"] == LONG[:2_000]


def test_what_is_no_utf_8_and_no_protocol_costs_a_connection_at_most(chats: tuple[Chats, WebProcess]) -> None:
    made, _ = chats
    for content in BYTES.values():
        made.tiktok.send_frame("mila", content)
    made.twitch.send_binary(BYTES["latin 1"])
    made.logs[0].wait_for_log("trying again", SOON)
    wait_until(lambda: made.twitch.has("lena") and made.tiktok.has("mila"), "both are read again", SOON)

    def is_heard() -> bool:
        made.twitch.say("lena", "after twitch's nonsense")
        made.tiktok.send("mila", comment("after tiktok's nonsense"))
        return {"after twitch's nonsense", "after tiktok's nonsense"} <= made.texts()

    wait_until(is_heard, "both are heard again", SOON)
    assert made.logs[0].process.poll() is None


def test_logs_stay_lines_and_metrics_stay_metrics(chats: tuple[Chats, WebProcess]) -> None:
    made, web = chats
    assert [*text_string_to_metric_families(httpx.get(f"{web.url}/metrics").text)]
    for running in made.logs:
        assert [line for line in BREAKS.split(running.log) if line and not LINE.fullmatch(line)] == []
        assert "Traceback" not in running.log
