"""Whoever asks: no route answers anybody with a mistake of ours, or with what the API document does not tell of."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from tests.processes import Program
from tests.web.asking import CHECKS, ask
from tests.web.cast import PASS_PHRASE, add_account, bearer, browser
from tests.web.conftest import API_TOKEN, OVERLAY_TOKEN, PASSWORD, TRACK_KEY, Stage, stage_of

pytestmark = pytest.mark.long

ENDS_SESSIONS = ("/api/accounts/me/sign-out",)
ROLES = ("stranger", "overlay", "track", "read-only", "moderator", "owner")


@pytest.fixture(scope="module")
def disposable(program: Program, new_database_url: Callable[[], str]) -> Iterator[Stage]:
    settings = {"DASHBOARD_PASSWORD": PASSWORD, "API_TOKEN": API_TOKEN, "TRACK_KEY": TRACK_KEY}
    with stage_of(program, new_database_url(), OVERLAY_TOKEN=OVERLAY_TOKEN, **settings) as stage:
        stage.chat("lena", "hello")
        stage.source("lena")
        yield stage


def headers_of(stage: Stage, role: str) -> dict[str, str]:
    """What ``role`` brings with each request."""
    if role == "owner":
        return bearer(API_TOKEN)
    if role == "track":
        return {"X-Track-Key": TRACK_KEY}
    if role in ("read-only", "moderator"):
        add_account(stage, f"asking-{role}", role)
        with closing(browser(stage, f"asking-{role}", PASS_PHRASE)) as client:
            return {"Cookie": "; ".join(f"{name}={value}" for name, value in client.cookies.items())}
    return {}


def asked_as(stage: Stage, role: str, folder: Path, examples: int, seconds: float = 280) -> tuple[str, str]:
    """What Schemathesis has tried, in its words, and what it has to say against it; "" when nothing."""
    options = [f"--checks={CHECKS}", "--phases=fuzzing", f"--max-examples={examples}"]
    token = OVERLAY_TOKEN if role == "overlay" else ""
    # The document itself is for readers: whoever may not see it has seen it elsewhere.
    document = httpx.get(f"{stage.web.url}/openapi.json", headers=bearer(API_TOKEN)).content
    (folder / "openapi.json").write_bytes(document)
    headers = headers_of(stage, role)
    ended = ask(
        *(stage.web.url, folder, *options), headers=headers, token=token, leave_out=ENDS_SESSIONS, seconds=seconds
    )
    faults = "" if ended.returncode == 0 else ended.stdout + ended.stderr
    tried = re.search(r"\d+ generated", ended.stdout)
    return tried[0] if tried else "none", faults + (stage.web.log if "Traceback" in stage.web.log else "")


@pytest.mark.timeout(300)  # for machines that do much besides
@pytest.mark.parametrize("role", [role for role in ROLES if role != "owner"])  # as the owner asks test_document
def test_whoever_asks_gets_an_answer_that_is_described(
    disposable: Stage, tmp_path: Path, role: str, figure: Callable[[str], None]
) -> None:
    tried, faults = asked_as(disposable, role, tmp_path, 1 if role == "stranger" else 2)
    figure(f"requests of Schemathesis as {role}: {tried}")
    assert faults == ""
