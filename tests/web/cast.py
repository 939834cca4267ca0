"""The cast: everybody who may come to a dashboard with a password, as they really come, and what each may do."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from typing import NamedTuple

import httpx

from actions import tokens
from core.clock import DAY_MS, now_ms
from tests.web.conftest import API_TOKEN, OVERLAY_TOKEN, PASSWORD, TRACK_KEY, Stage
from web.levels import Access

PASS_PHRASE = "every day is a good day"  # of all accounts of the cast
ROLES = {"moderator": Access.WRITE, "read-only": Access.READ, "owner": Access.OWNER}

_addresses = (f"203.0.113.{number}" for number in itertools.count(100))


class Member(NamedTuple):
    """``reports``: whether they may report to /track."""

    client: httpx.Client
    access: Access
    reports: bool = False


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def owner_of(stage: Stage) -> httpx.Client:
    """The owner's script."""
    return stage.client(headers=bearer(API_TOKEN))


def add_account(stage: Stage, name: str, role: str, password: str = PASS_PHRASE) -> int:
    with owner_of(stage) as owner:
        answer = owner.post("/api/accounts", json={"name": name, "role": role, "password": password})
    answer.raise_for_status()
    return int(answer.json()["account"]["id"])


def remove_account(stage: Stage, account_id: int) -> None:
    with owner_of(stage) as owner:
        owner.delete(f"/api/accounts/{account_id}").raise_for_status()


def add_token(stage: Stage, *scopes: str, name: str = "a test") -> str:
    with owner_of(stage) as owner:
        answer = owner.post("/api/tokens", json={"name": name, "scopes": list(scopes)})
    answer.raise_for_status()
    return str(answer.json()["token"])


def expired_token(stage: Stage, *scopes: str) -> str:
    return tokens.make(stage.database, "old", scopes, made_by="a test", now_ms=now_ms() - 2 * DAY_MS, days=1).token


def browser(stage: Stage, name: str = "admin", password: str = PASSWORD) -> httpx.Client:
    """Somebody who has logged in, from an address of their own."""
    client = stage.client(headers={"X-Forwarded-For": next(_addresses)})
    answer = client.post("/login", data={"username": name, "password": password})
    assert answer.status_code == 302, answer.text
    return client


@contextmanager
def cast(stage: Stage) -> Iterator[Mapping[str, Member]]:
    """Everybody, and some who only think that they may."""
    with ExitStack() as stack:

        def member(
            access: Access, *, headers: Mapping[str, str] = {}, params: Mapping[str, str] = {}, reports: bool = False
        ) -> Member:
            return Member(stack.enter_context(stage.client(headers=headers, params=params)), access, reports)

        made = {
            "stranger": member(Access.NOBODY),
            "OVERLAY_TOKEN": member(Access.OVERLAY, params={"token": OVERLAY_TOKEN}),
            "API_TOKEN": member(Access.OWNER, headers=bearer(API_TOKEN), reports=True),
            "TRACK_KEY": member(Access.NOBODY, headers={"X-Track-Key": TRACK_KEY}, reports=True),
            "TRACK_KEY in the address": member(Access.NOBODY, params={"key": TRACK_KEY}, reports=True),
            "the owner of .env": Member(stack.enter_context(closing(browser(stage))), Access.OWNER, reports=True),
        }
        for role, access in ROLES.items():
            name = f"cast-{role}"
            account_id = add_account(stage, name, role)
            stack.callback(remove_account, stage, account_id)
            client = stack.enter_context(closing(browser(stage, name, PASS_PHRASE)))
            made[role] = Member(client, access, reports=access >= Access.WRITE)
        every = {scope: add_token(stage, scope) for scope in ("read", "write", "track", "overlay")}
        made |= {
            "read token": member(Access.READ, headers=bearer(every["read"])),
            "write token": member(Access.WRITE, headers=bearer(every["write"]), reports=True),
            "overlay token": member(Access.OVERLAY, params={"token": every["overlay"]}),
            "track token": member(Access.NOBODY, headers={"X-Track-Key": every["track"]}, reports=True),
            "track token in the address": member(Access.NOBODY, params={"key": every["track"]}, reports=True),
        }
        everything = bearer(every["track"]), {"token": every["read"], "key": every["overlay"]}
        made["tokens where others belong"] = member(Access.NOBODY, headers=everything[0], params=everything[1])
        made["expired token"] = member(Access.NOBODY, headers=bearer(expired_token(stage, "read", "write")))
        yield made
