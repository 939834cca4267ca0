"""API tokens: told once, kept as a hash, good for their scopes until they are revoked or end."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

import httpx
import pytest
from socketio.exceptions import ConnectionError as Refused

from actions import tokens
from core.clock import DAY_MS, now_ms
from models import ApiToken
from tests.processes import wait_until
from tests.support import rows
from tests.web.cast import add_token, bearer, owner_of
from tests.web.conftest import API_TOKEN, Stage
from tests.web.sockets import Listener, listening

TOKENS = "/api/tokens"
_numbers = itertools.count(1)


@pytest.fixture
def owner(locked_stage: Stage) -> Iterator[httpx.Client]:
    with owner_of(locked_stage) as client:
        yield client


def listed(owner: httpx.Client, name: str) -> dict[str, object]:
    (found,) = (token for token in owner.get(TOKENS).json()["tokens"] if token["name"] == name)
    return dict(found)


def status(stage: Stage, token: str, path: str = "/api/stats") -> int:
    with stage.client(headers=bearer(token)) as client:
        return client.get(path).status_code


def test_a_token_is_told_once_and_known_by_its_first_letters(locked_stage: Stage, owner: httpx.Client):
    order = {"name": "  night   bot ", "scopes": ["write", "read"], "expires_days": 30}
    answer = owner.post(TOKENS, json=order)
    assert answer.status_code == 201
    token, record = answer.json()["token"], answer.json()["record"]
    assert re.fullmatch(r"sp_[\w-]{43}", token)
    assert token.startswith(record["prefix"])
    assert len(record["prefix"]) == 9
    assert (record["name"], record["scopes"], record["made_by"]) == ("night bot", ["read", "write"], "API token")
    assert record["expires_at"] > record["made_at"]
    assert listed(owner, "night bot") == record
    assert token not in owner.get(TOKENS).text + owner.get("/settings").text
    stored = str(rows(locked_stage.database, ApiToken))
    assert token[9:] not in stored
    assert token not in locked_stage.web.log


@pytest.mark.parametrize(
    ("order", "field"),
    [
        ({"name": "", "scopes": ["read"]}, "name"),
        ({"name": "\n", "scopes": ["read"]}, "name"),
        ({"name": "x" * 65, "scopes": ["read"]}, "name"),
        ({"name": "x\u202e", "scopes": ["read"]}, "name"),
        ({"name": "x", "scopes": []}, "scopes"),
        ({"name": "x", "scopes": ["admin"]}, "scopes"),
        ({"name": "x", "scopes": "read"}, "scopes"),
        ({"name": "x"}, "scopes"),
        ({"name": "x", "scopes": ["read"], "expires_days": 0}, "expires_days"),
        ({"name": "x", "scopes": ["read"], "expires_days": 3651}, "expires_days"),
        ({"name": "x", "scopes": ["read"], "token": "mine"}, "token"),
    ],
)
def test_what_cannot_be_a_token_is_refused_and_nothing_is_made(locked_stage: Stage, owner, order, field):
    before = len(rows(locked_stage.database, ApiToken))
    answer = owner.post(TOKENS, json=order)
    assert answer.status_code == 422
    assert field in str(answer.json()["details"])
    assert len(rows(locked_stage.database, ApiToken)) == before


def test_a_revoked_token_is_none_at_once_also_on_open_sockets(locked_stage: Stage, owner):
    name = f"revoked {next(_numbers)}"
    token = add_token(locked_stage, "overlay", "read", name=name)
    url = locked_stage.web.url
    with (
        listening(url, subscribe=False, headers=bearer(token)) as script,
        listening(url, subscribe=False, auth={"token": token}) as overlay,
    ):
        assert status(locked_stage, token) == 200
        token_id = listed(owner, name)["id"]
        owner.delete(f"{TOKENS}/{token_id}").raise_for_status()
        assert status(locked_stage, token) == 401
        wait_until(lambda: not script.client.connected and not overlay.client.connected, "hung up on")
        with pytest.raises(Refused):
            Listener(url, auth={"token": token})
        assert owner.delete(f"{TOKENS}/{token_id}").status_code == 404


def test_what_another_process_revokes_ends_within_a_second_or_so(locked_stage: Stage):
    token = add_token(locked_stage, "read")
    assert status(locked_stage, token) == 200
    assert tokens.revoke_by_prefix(locked_stage.database, token[:9]) == 1
    wait_until(lambda: status(locked_stage, token) == 401, "revoked")


def test_a_token_made_by_hand_works_within_a_second_or_so(locked_stage: Stage):
    made = tokens.make(locked_stage.database, "by hand", ["read"], made_by="init_db.py", now_ms=now_ms())
    wait_until(lambda: status(locked_stage, made.token) == 200, "known")


def test_a_token_ends_when_it_was_said_to(locked_stage: Stage, owner):
    soon = now_ms() - DAY_MS + 1_500
    made = tokens.make(locked_stage.database, "ends soon", ["overlay"], made_by="a test", now_ms=soon, days=1)
    with locked_stage.client(params={"token": made.token}) as overlay:
        wait_until(lambda: overlay.get("/api/stats").status_code == 200, "known", timeout=1.4)
        wait_until(lambda: overlay.get("/api/stats").status_code == 401, "ended")
    assert listed(owner, "ends soon")["expired"] is True


def test_when_a_token_was_last_used_is_told_and_not_written_each_time(locked_stage: Stage, owner):
    name = f"used {next(_numbers)}"
    token = add_token(locked_stage, "read", name=name)
    assert listed(owner, name)["last_used_at"] is None
    assert status(locked_stage, token) == 200
    wait_until(lambda: listed(owner, name)["last_used_at"], "noted")
    first = listed(owner, name)["last_used_at"]
    assert [status(locked_stage, token) for _ in range(5)] == [200] * 5
    assert listed(owner, name)["last_used_at"] == first


def test_the_trail_of_edits_names_the_token(locked_stage: Stage):
    locked_stage.chat("lena", "hi", by="edited-by-a-token")
    token = add_token(locked_stage, "write", name="night bot")
    with locked_stage.client(headers=bearer(token)) as script:
        script.patch("/api/viewer-profiles/twitch:edited-by-a-token", json={"notes": "kind"}).raise_for_status()
        (edit,) = script.get("/api/viewer-profiles/twitch:edited-by-a-token/edits").json()["items"]
    assert edit["editor"] == "token night bot"


def ask(stage: Stage, token: str, address: str) -> httpx.Response:
    with stage.client(headers=bearer(token) | {"X-Forwarded-For": address}) as client:
        return client.get("/api/stats")


def test_guessing_tokens_is_slowed_like_guessing_passwords(locked_stage):
    guesser, neighbour = "203.0.113.71", "203.0.113.72"
    assert ask(locked_stage, API_TOKEN, guesser).status_code == 200
    answers = [ask(locked_stage, f"guess-{number}", guesser) for number in range(12)]
    assert [answer.status_code for answer in answers] == [401] * 10 + [429] * 2
    assert 0 < int(answers[-1].headers["retry-after"]) <= 60
    assert answers[-1].json()["error"] == "too many wrong tokens from this address: wait 60 s"
    assert ask(locked_stage, "guess-3", guesser).status_code == 401, "the same again is no guess"
    assert ask(locked_stage, API_TOKEN, guesser).status_code == 200, "whoever was let in before is not locked out"
    assert ask(locked_stage, API_TOKEN, neighbour).status_code == 200
    with pytest.raises(Refused):
        Listener(locked_stage.web.url, headers=bearer("guess-11") | {"X-Forwarded-For": guesser})
    assert "Traceback" not in locked_stage.web.log


def test_not_even_the_right_token_is_found_by_who_guesses_on(locked_stage):
    guesser = "203.0.113.73"
    for number in range(10):
        ask(locked_stage, f"guess-{number}", guesser)
    assert ask(locked_stage, API_TOKEN, guesser).status_code == 429
    page = httpx.get(
        f"{locked_stage.web.url}/", headers=bearer("x") | {"X-Forwarded-For": guesser, "Accept": "text/html"}
    )
    assert page.status_code == 429
    assert page.headers["content-type"].startswith("text/html")
