"""Whoever asks: no route answers anybody with a mistake of ours, or with what the API document does not tell of."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from tests.processes import Program
from tests.web.asking import CHECKS, Given, ask
from tests.web.cast import PASS_PHRASE, add_account, bearer, browser
from tests.web.conftest import API_TOKEN, OVERLAY_TOKEN, PASSWORD, TRACK_KEY, Stage, stage_of

pytestmark = pytest.mark.long

ENDS_SESSIONS = ("/api/accounts/me/sign-out",)
ROLES = ("overlay", "track", "read-only", "moderator")  # as the owner asks test_document


@pytest.fixture(scope="module")
def disposable(program: Program, new_database_url: Callable[[], str]) -> Iterator[Stage]:
    settings = {"DASHBOARD_PASSWORD": PASSWORD, "API_TOKEN": API_TOKEN, "TRACK_KEY": TRACK_KEY}
    with stage_of(program, new_database_url(), OVERLAY_TOKEN=OVERLAY_TOKEN, **settings) as stage:
        stage.chat("lena", "hello")
        stage.source("lena")
        yield stage


def given_by(stage: Stage, role: str) -> Given:
    """What ``role`` brings with each request."""
    if role == "owner":
        return {"headers": bearer(API_TOKEN)}
    if role == "overlay":
        return {"params": {"token": OVERLAY_TOKEN}}
    if role == "track":
        return {"headers": {"X-Track-Key": TRACK_KEY}}
    add_account(stage, f"asking-{role}", role)
    with closing(browser(stage, f"asking-{role}", PASS_PHRASE)) as client:
        return {"headers": {"Cookie": "; ".join(f"{name}={value}" for name, value in client.cookies.items())}}


def asked_as(stage: Stage, roles: Sequence[str], folder: Path, examples: int, seconds: float = 280) -> tuple[str, str]:
    """What Schemathesis has tried as a stranger and as each of ``roles``, in its words, and what speaks against it."""
    options = [f"--checks={CHECKS},as_others", "--phases=fuzzing", f"--max-examples={examples}"]
    # The document itself is for readers: whoever may not see it has seen it elsewhere.
    document = httpx.get(f"{stage.web.url}/openapi.json", headers=bearer(API_TOKEN)).content
    (folder / "openapi.json").write_bytes(document)
    others = {role: given_by(stage, role) for role in roles}
    ended = ask(stage.web.url, folder, *options, others=others, leave_out=ENDS_SESSIONS, seconds=seconds)
    faults = "" if ended.returncode == 0 else ended.stdout + ended.stderr
    tried = re.search(r"\d+ generated", ended.stdout)
    return tried[0] if tried else "none", faults + (stage.web.log if "Traceback" in stage.web.log else "")


@pytest.mark.timeout(300)  # for machines that do much besides
def test_whoever_asks_gets_an_answer_that_is_described(
    disposable: Stage, tmp_path: Path, figure: Callable[[str], None]
) -> None:
    tried, faults = asked_as(disposable, ROLES, tmp_path, 2)
    figure(f"requests of Schemathesis as a stranger and as {', '.join(ROLES)}: {tried} for each")
    assert faults == ""
