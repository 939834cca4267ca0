"""Both processes with a telling secret in every setting that holds one, through all that goes wrong: none is told."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from socketio.exceptions import ConnectionError as Refused

from core.db import Database
from tests.processes import Program, wait_until
from tests.sources.twitch_server import TwitchServer
from tests.web.sockets import Listener

SECRETS = {
    "TMI_TOKEN": "oauth:zzq-tmi-4d1f0a",
    "TIKTOK_SIGN_API_KEY": "zzq-sign-77ab21",
    "SECRET_KEY": "zzq-signs-sessions-90cd34-0123456789",
    "DASHBOARD_PASSWORD": "zzq-password-5e6f77",
    "API_TOKEN": "zzq-api-8a9b10",
    "OVERLAY_TOKEN": "zzq-overlay-c1d2e3",
    "TRACK_KEY": "zzq-track-f4a5b6",
    "SALES_SECRET": "zzq-sales-0c1d2e",
    "TURN_SECRET": "zzq-turn-3f4a5b",
}
TYPED = {what: f"zzq-typed-{what}-77" for what in ("password", "bearer", "overlay", "track", "signature", "account")}
SIGN = "zzq-"  # begins them all
PAGES = "/ /viewers /store /revenue /library /voice /settings /streams /docs /login /nothing".split()
TOLD = ("/health", "/metrics", "/openapi.json", "/api/stats", "/api/tokens", "/api/accounts", "/api/settings/webhook")


@dataclass
class House:
    """What the run has left behind: all logs, all answers, what the system shows of the processes.

    ``made``: secrets that the program made itself, and told once to whom they are for.
    """

    texts: dict[str, str] = field(default_factory=dict)
    made: dict[str, str] = field(default_factory=dict)

    def note(self, what: str, answer: httpx.Response) -> None:
        headers = "\n".join(f"{name}: {value}" for name, value in answer.headers.items())
        self.texts[f"{what} as {answer.request.method}"] = f"{headers}\n{answer.text}"


def as_bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def process_titles(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_text() if Path("/proc").exists() else ""


@pytest.fixture(scope="module")
def house(deployed: Program, new_database_url, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Everything was tried, with logs as talkative as they can be, and both processes have ended."""
    url, found = new_database_url(), House()
    settings = SECRETS | {"LOG_LEVEL": "DEBUG", "ICE_SERVERS": "turn:turn.example:3478", "CHANNEL": "lena"}
    with TwitchServer(token="another", login="pulsebot") as twitch:
        settings |= {"TWITCH_IRC_URL": twitch.irc_url, "TWITCH_VALIDATE_URL": twitch.validate_url}
        settings |= {"TIKTOK_CHANNEL": "lena"} | dict.fromkeys(
            ("TIKTOK_APP_URL", "TIKTOK_WEBCAST_URL", "TIKTOK_SIGN_URL"), f"http://127.0.0.1:{twitch.port}/nothing"
        )
        with deployed.web(url, **settings) as web, deployed.collector(url, **settings) as collector:
            twitch.wait_until(lambda: twitch.has("lena"), 30)  # the token is refused, chat is read without it
            everything_is_tried(web.url, found)
            found.texts |= {f"title of {one.process.pid}": process_titles(one.process.pid) for one in (web, collector)}
            break_the_database(Database(url), web.url, found)
            wait_until(lambda: "TikTok" in collector.log, "TikTok was asked", 30)
            collector.stop()
            web.stop()
            found.texts |= {"the web's log": web.log, "the collector's log": collector.log}
    yield found


def everything_is_tried(url: str, found: House) -> None:
    """What people, scripts, shops and strangers do, rightly and wrongly."""
    with httpx.Client(base_url=url, timeout=20) as client:
        for password in (TYPED["password"], SECRETS["DASHBOARD_PASSWORD"]):
            found.note(f"login {password[:9]}", client.post("/login", data={"username": "admin", "password": password}))
        for path in (*PAGES, *TOLD):
            found.note(f"page {path}", client.get(path, headers={"Accept": "text/html"}))
            found.note(f"told {path}", client.get(path))
        account = {"name": "zoe", "role": "moderator", "password": TYPED["account"]}
        found.note("account", client.post("/api/accounts", json=account))
        short = {"name": "max", "role": "moderator", "password": "zzq-"}
        found.note("account refused", client.post("/api/accounts", json=short))
        own = {"old": TYPED["password"], "new": TYPED["account"]}
        found.note("own password", client.put("/api/accounts/me/password", json=own))
        hook = {"url": f"{url}/{SIGN}hook", "kind": "generic"}  # shown to the owner, and in no log
        found.note("webhook", client.put("/api/settings/webhook", json=hook))
        client.post("/api/settings/webhook/test")
        found.made |= {
            "webhook": client.put("/api/settings/webhook", json=hook | {"rotate_secret": True}).json()["secret"],
            "token": client.post("/api/tokens", json={"name": "a", "scopes": ["read"]}).json()["token"],
            "session": client.cookies["streampulse"],
            "turn": client.get("/api/voice/ice-servers").json()["ice_servers"][-1]["credential"],
            "peer": client.get("/peerjs/peerjs/id").text,
        }
    with httpx.Client(base_url=url, timeout=20) as stranger:
        for headers in ({"Authorization": f"Bearer {TYPED['bearer']}"}, {"X-Track-Key": TYPED["track"]}):
            for path in TOLD:
                found.note(f"wrong token {path}", stranger.get(path, headers=headers))
            found.note("wrong track", stranger.post("/track", json={"event_type": "page_view"}, headers=headers))
        found.note("wrong overlay", stranger.get("/overlay", params={"token": TYPED["overlay"]}))
        found.note("wrong stats", stranger.get("/api/stats", params={"token": TYPED["overlay"], "minutes": "x"}))
        signed = {"X-Timestamp": "1", "X-Signature": f"sha256={TYPED['signature']}"}
        found.note("wrong sale", stranger.post("/api/sales", json={"id": "1"}, headers=signed))
        for path in TOLD:
            answer = stranger.get(path, headers=as_bearer(found.made["token"]))
            found.note(f"afterwards {path}", answer)
        for name, value in found.made.items():  # where none belongs
            found.note(f"afterwards, misplaced {name}", stranger.get("/overlay", params={"token": value, "x": value}))
        right = as_bearer(SECRETS["API_TOKEN"])
        found.note("right token", stranger.get("/api/stats?minutes=x", headers=right))
        found.note("right overlay", stranger.get("/overlay", params={"token": SECRETS["OVERLAY_TOKEN"]}))
        event = {"event_type": "page_view", "data": 7}
        found.note("right track", stranger.post("/track", json=event, params={"key": SECRETS["TRACK_KEY"]}))
    for token in (TYPED["overlay"], SECRETS["OVERLAY_TOKEN"]):
        try:
            Listener(url, auth={"token": token}).close()
        except Refused as refused:
            found.texts["refused socket"] = str(refused)


def break_the_database(database: Database, url: str, found: House) -> None:
    """A crash inside of requests: the log tells of it with its traceback."""
    with database.writing() as connection:
        connection.exec_driver_sql("ALTER TABLE channels RENAME TO elsewhere")
    right = as_bearer(SECRETS["API_TOKEN"])
    for path in ("/api/stats", "/", "/health", f"/api/stats?token={SECRETS['OVERLAY_TOKEN']}"):
        found.note(f"broken {path[:10]}", httpx.get(f"{url}{path}", headers=right, timeout=20))
    with database.writing() as connection:
        connection.exec_driver_sql("ALTER TABLE elsewhere RENAME TO channels")
    database.close()


@pytest.mark.parametrize("name", [*SECRETS, *TYPED])
def test_no_log_page_or_answer_tells_a_secret(house: House, name: str):
    secret = (SECRETS | TYPED)[name].removeprefix("oauth:")
    told = {what: text for what, text in house.texts.items() if secret in text}
    assert list(told) == []


@pytest.mark.parametrize("name", ["webhook", "token", "session", "turn", "peer"])
def test_no_log_page_or_answer_tells_what_was_told_once(house: House, name: str):
    assert len(house.made[name]) > 20
    later = [
        what for what in house.texts if what.startswith("afterwards") or re.search(r"\blog\b", what) or "title" in what
    ]
    assert len(later) > 10
    assert [what for what in later if house.made[name] in house.texts[what]] == []


def test_nothing_that_begins_like_a_secret_is_in_a_log(house: House, figure):
    for what in ("the web's log", "the collector's log"):
        assert re.findall(rf".*{SIGN}.*", house.texts[what]) == []
        figure(f"{len(house.texts[what].splitlines())} lines in {what}, at its most talkative: no secret")
    secrets = len(SECRETS | TYPED | house.made)
    figure(f"{len(house.texts)} answers, logs and titles searched for {secrets} secrets: none is told")
