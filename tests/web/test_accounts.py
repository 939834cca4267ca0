"""Accounts: who makes them, what they are worth from one moment to the next, and what is never told."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from contextlib import closing

import httpx
import pytest
from socketio.exceptions import ConnectionError as Refused

from actions import accounts, passwords
from models import Account
from tests.processes import wait_until
from tests.support import rows
from tests.web.cast import PASS_PHRASE, add_account, browser, owner_of, remove_account
from tests.web.conftest import PASSWORD, Stage
from tests.web.sockets import Listener, listening
from web import auth

pytestmark = pytest.mark.long

TEAM = "/api/accounts"
_numbers = itertools.count(1)


@pytest.fixture
def owner(locked_stage: Stage) -> Iterator[httpx.Client]:
    with owner_of(locked_stage) as client:
        yield client


@pytest.fixture
def mila(locked_stage: Stage) -> Iterator[tuple[int, str]]:
    """A moderator's number and name; gone afterwards, if not before."""
    name = f"mila{next(_numbers)}"
    account_id = add_account(locked_stage, name, "moderator")
    yield account_id, name
    with owner_of(locked_stage) as owner:
        assert owner.delete(f"{TEAM}/{account_id}").status_code in (200, 404)


def cookie(client: httpx.Client) -> dict[str, str]:
    return {"Cookie": f"streampulse={client.cookies['streampulse']}"}


def status(client: httpx.Client, path: str = f"{TEAM}/me") -> int:
    return client.get(path).status_code


# --- made ---


def test_an_account_is_made_logs_in_and_is_told_who_it_is(locked_stage: Stage, mila: tuple[int, str]):
    with closing(browser(locked_stage, mila[1].upper() + " ", PASS_PHRASE)) as page:
        assert page.get(f"{TEAM}/me").json() == {
            "name": mila[1],
            "role": "moderator",
            "access": "write",
            "has_own_password": True,
        }
        assert f"Signed in as {mila[1]}" in page.get("/", headers={"Accept": "text/html"}).text


def test_a_password_that_was_made_up_is_told_once_and_works(locked_stage: Stage, owner: httpx.Client):
    made = owner.post(TEAM, json={"name": "rita", "role": "read-only"}).json()
    try:
        with closing(browser(locked_stage, "rita", made["password"])) as page:
            assert page.get(f"{TEAM}/me").json()["access"] == "read"
        assert made["password"] not in owner.get(TEAM).text
        again = owner.put(f"{TEAM}/{made['account']['id']}/password", json={"password": None}).json()
        assert len({made["password"], again["password"]}) == 2
    finally:
        remove_account(locked_stage, made["account"]["id"])


def test_only_a_hash_of_a_password_is_kept_and_nobody_is_told_it(locked_stage: Stage, owner, mila):
    (row,) = (row for row in rows(locked_stage.database, Account) if row["id"] == mila[0])
    assert row["password_hash"].startswith("$argon2id$")
    assert PASS_PHRASE not in str(row)
    told = owner.get(TEAM).text + owner.get("/settings").text
    assert row["password_hash"] not in told
    assert row["session_key"] not in told


def test_the_list_begins_with_the_owner_of_env(owner: httpx.Client, mila: tuple[int, str]):
    told = owner.get(TEAM).json()
    assert told["in_force"] is True
    first, *others = told["accounts"]
    assert (first["id"], first["name"], first["role"], first["in_env"]) == (None, "admin", "owner", True)
    assert mila[1] in [one["name"] for one in others]


@pytest.mark.parametrize(
    "name", ["", " ", "a b", "-a", "a.", "ä", "x" * 33, "admin", "ADMIN", "a\u0000", "a/b", "<b>", "\ud800", 7, None]
)
def test_a_name_that_cannot_be_one_is_refused(locked_stage: Stage, owner: httpx.Client, name: object):
    before = rows(locked_stage.database, Account)
    body = json.dumps({"name": name, "role": "owner", "password": PASS_PHRASE}).encode()  # httpx refuses half a pair
    answer = owner.post(TEAM, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422
    assert answer.json()["details"][0]["field"].endswith("name")
    assert rows(locked_stage.database, Account) == before


def test_a_name_is_given_once_whatever_its_letters(owner: httpx.Client, mila: tuple[int, str]):
    answer = owner.post(TEAM, json={"name": mila[1].title(), "role": "owner", "password": PASS_PHRASE})
    assert answer.status_code == 422
    assert "already" in answer.json()["error"]


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("", "at least 10"),
        ("x" * 9, "at least 10"),
        ("aaaaaaaaaaaa", "different"),
        ("quartermaster", "the name"),
        ("tab\tand newline", "type"),
        ("x" * 1025, "1024"),
    ],
)
def test_a_password_that_is_none_is_refused_in_clear_words_without_repeating_it(owner, password, why):
    answer = owner.post(TEAM, json={"name": "quartermaster", "role": "owner", "password": password})
    assert answer.status_code == 422
    assert why in answer.text
    assert not password or password not in answer.text


@pytest.mark.parametrize("order", [{"role": "admin"}, {"role": None}, {}, {"role": "owner", "id": 1}, [], None])
def test_a_role_that_there_is_not_is_refused(owner, mila, order):
    assert owner.patch(f"{TEAM}/{mila[0]}", json=order).status_code in (400, 422)
    (found,) = (one for one in owner.get(TEAM).json()["accounts"] if one["id"] == mila[0])
    assert found["role"] == "moderator"


# --- what changes counts at once ---


def test_a_new_role_counts_at_once_over_rest_on_pages_and_on_open_sockets(locked_stage: Stage, owner, mila):
    order = ("viewer-profiles:update", {"username": "twitch:nobody", "updates": {}})
    with (
        closing(browser(locked_stage, mila[1], PASS_PHRASE)) as page,
        listening(locked_stage.web.url, subscribe=False, headers=lambda: cookie(page), reconnect=True) as socket,
    ):
        assert status(page, TEAM) == 403
        owner.patch(f"{TEAM}/{mila[0]}", json={"role": "owner"}).raise_for_status()
        assert status(page, TEAM) == 200
        socket.wait_until(lambda: socket.connections == 2)
        owner.patch(f"{TEAM}/{mila[0]}", json={"role": "read-only"}).raise_for_status()
        assert status(page, TEAM) == 403
        assert page.patch("/api/viewer-profiles/twitch:nobody", json={"notes": "x"}).status_code == 403
        socket.wait_until(lambda: socket.connections == 3)
        answer = socket.client.call(*order, timeout=10)
        assert answer == {"success": False, "error": "your account may not do that"}


def test_who_is_removed_is_out_at_once_everywhere(locked_stage: Stage, owner, mila):
    with (
        closing(browser(locked_stage, mila[1], PASS_PHRASE)) as page,
        listening(locked_stage.web.url, subscribe=False, headers=cookie(page)) as socket,
    ):
        assert status(page) == 200
        owner.delete(f"{TEAM}/{mila[0]}").raise_for_status()
        assert status(page) == 401
        wait_until(lambda: not socket.client.connected, "hung up on")
        with pytest.raises(Refused):
            Listener(locked_stage.web.url, headers=cookie(page))
        assert owner.delete(f"{TEAM}/{mila[0]}").status_code == 404
        assert page.post("/login", data={"username": mila[1], "password": PASS_PHRASE}).status_code == 401


def test_what_another_process_changes_counts_within_a_second_or_so(locked_stage: Stage, mila):
    with (
        closing(browser(locked_stage, mila[1], PASS_PHRASE)) as page,
        listening(locked_stage.web.url, subscribe=False, headers=cookie(page)) as socket,
    ):
        assert status(page) == 200
        accounts.remove(locked_stage.database, mila[0], has_env_owner=True)
        wait_until(lambda: status(page) == 401, "out")
        wait_until(lambda: not socket.client.connected, "hung up on")


def test_signing_out_everywhere_ends_all_sessions_of_one_account(locked_stage: Stage, mila):
    with (
        closing(browser(locked_stage, mila[1], PASS_PHRASE)) as here,
        closing(browser(locked_stage, mila[1], PASS_PHRASE)) as there,
        closing(browser(locked_stage)) as somebody_else,
    ):
        kept = dict(here.cookies)
        here.post(f"{TEAM}/me/sign-out").raise_for_status()
        assert (status(here), status(there), status(somebody_else)) == (401, 401, 200)
        with locked_stage.client(cookies=kept) as thief:
            assert status(thief) == 401


def test_the_owner_of_env_signs_out_everywhere_as_well(locked_stage: Stage):
    with closing(browser(locked_stage)) as here, closing(browser(locked_stage)) as there:
        here.post(f"{TEAM}/me/sign-out").raise_for_status()
        assert (status(here), status(there)) == (401, 401)
    with closing(browser(locked_stage)) as again:
        assert status(again) == 200


def test_a_new_password_of_one_s_own_ends_the_other_sessions_only(locked_stage: Stage, mila):
    new = "a much better pass phrase"
    with (
        closing(browser(locked_stage, mila[1], PASS_PHRASE)) as here,
        closing(browser(locked_stage, mila[1], PASS_PHRASE)) as there,
    ):
        wrong = here.put(f"{TEAM}/me/password", json={"old": "not this one", "new": new})
        assert (wrong.status_code, wrong.json()["details"][0]["field"]) == (422, "old")
        weak = here.put(f"{TEAM}/me/password", json={"old": PASS_PHRASE, "new": "short"})
        assert (weak.status_code, weak.json()["details"][0]["field"]) == (422, "password")
        here.put(f"{TEAM}/me/password", json={"old": PASS_PHRASE, "new": new}).raise_for_status()
        assert (status(here), status(there)) == (200, 401)
        assert there.post("/login", data={"username": mila[1], "password": PASS_PHRASE}).status_code == 401
        assert there.post("/login", data={"username": mila[1], "password": new}).status_code == 302


def test_guessing_the_old_password_is_slowed_down(locked_stage: Stage, mila):
    with closing(browser(locked_stage, mila[1], PASS_PHRASE)) as page:
        guess = {"old": "a guess", "new": "something quite new"}
        statuses = [page.put(f"{TEAM}/me/password", json=guess).status_code for _ in range(11)]
        assert statuses == [422] * 10 + [429]


def test_what_has_no_password_of_its_own_cannot_change_one(locked_stage: Stage, owner):
    order = {"old": PASSWORD, "new": "something quite new"}
    answer = owner.put(f"{TEAM}/me/password", json=order)
    assert (answer.status_code, answer.json()["error"]) == (409, "a token has no password")
    assert owner.post(f"{TEAM}/me/sign-out").status_code == 409
    with closing(browser(locked_stage)) as env_owner:
        answer = env_owner.put(f"{TEAM}/me/password", json=order)
        assert answer.status_code == 409
        assert "DASHBOARD_PASSWORD" in answer.json()["error"]


def test_the_last_owner_stays(alone):
    """Without a password in .env nobody else could make another one."""
    mila = alone.client.post(TEAM, json={"name": "mila", "role": "owner", "password": PASS_PHRASE}).json()["account"]
    assert alone.client.get(TEAM).json()["in_force"] is False
    assert alone.client.delete(f"{TEAM}/{mila['id']}").status_code == 409
    assert alone.client.patch(f"{TEAM}/{mila['id']}", json={"role": "moderator"}).status_code == 409
    ben = alone.client.post(TEAM, json={"name": "ben", "role": "owner", "password": PASS_PHRASE}).json()["account"]
    assert alone.client.patch(f"{TEAM}/{mila['id']}", json={"role": "moderator"}).status_code == 200
    assert alone.client.delete(f"{TEAM}/{ben['id']}").status_code == 409
    assert alone.client.delete(f"{TEAM}/{mila['id']}").status_code == 200


def test_without_a_password_accounts_close_nothing(alone):
    assert alone.client.get(f"{TEAM}/me").json()["access"] == "owner"
    assert alone.client.put(f"{TEAM}/me/password", json={"old": "", "new": PASS_PHRASE}).status_code == 409


# --- the trail, the clock and the log ---


def test_the_trail_of_edits_names_the_account(locked_stage: Stage, mila):
    locked_stage.chat("lena", "hi", by="edited")
    with closing(browser(locked_stage, mila[1], PASS_PHRASE)) as page:
        page.patch("/api/viewer-profiles/twitch:edited", json={"notes": "kind"}).raise_for_status()
        (edit,) = page.get("/api/viewer-profiles/twitch:edited/edits").json()["items"]
        assert edit["editor"] == mila[1]


def test_the_last_login_is_told(locked_stage: Stage, owner, mila):
    def last_login() -> str | None:
        (found,) = (one for one in owner.get(TEAM).json()["accounts"] if one["id"] == mila[0])
        return found["last_login_at"]

    assert last_login() is None
    browser(locked_stage, mila[1], PASS_PHRASE).close()
    wait_until(last_login, "noted")


def test_a_name_that_there_is_not_costs_as_much_as_a_wrong_password(monkeypatch: pytest.MonkeyPatch):
    compared: list[str] = []
    monkeypatch.setattr(auth.passwords, "fits", lambda hashed, _password: bool(compared.append(hashed)))
    settings = type("Settings", (), {"dashboard_password": PASSWORD})()
    mila = auth.accounts.Login(1, "mila", "her hash", "key")
    auth._fits(settings, None, "a guess")
    auth._fits(settings, mila, "a guess")
    assert len(compared) == 2
    assert compared[0].startswith("$argon2id$")
    assert compared[1] == "her hash"


@pytest.mark.parametrize("password", ["", "x", "\ud800", "x" * 5_000])
def test_nothing_fits_what_is_no_hash(password: str):
    assert passwords.fits("no hash", password) is False
    assert passwords.fits(passwords.hash_of(PASS_PHRASE), password) is False


def test_no_secret_of_an_account_is_logged(locked_stage: Stage, mila):
    with closing(browser(locked_stage, mila[1], PASS_PHRASE)) as page:
        page.put(f"{TEAM}/me/password", json={"old": "a secret guess", "new": "a new secret phrase"})
        cookies = page.cookies["streampulse"]
    (row,) = (row for row in rows(locked_stage.database, Account) if row["id"] == mila[0])
    for secret in (PASS_PHRASE, "a secret guess", "a new secret phrase", cookies, row["password_hash"]):
        assert secret not in locked_stage.web.log
