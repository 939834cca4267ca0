"""A process that is forked from a halted program is what one is that starts by itself."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from core.config import ROOT
from tests.nursery import Nursery, can_fork
from tests.processes import Program, WebProcess
from tests.web.conftest import migrated, new_database_url

__all__ = ["migrated", "new_database_url"]


@pytest.fixture(params=["program", "deployed"])
def program(request: pytest.FixtureRequest) -> Program:
    return request.getfixturevalue(request.param)  # type: ignore[no-any-return]


def zone_of(web: WebProcess) -> str:
    return str(httpx.get(f"{web.url}/api/stats").json()["zone"])


def test_each_has_settings_and_changes_of_its_own_and_ends_with_its_own_code(
    program: Program, new_database_url: Callable[[], str]
) -> None:
    url = new_database_url()
    changed = "app.VERSION = '77.7'"
    with program.web(url, changed=changed, TIMEZONE="America/Lima") as web, program.web(url, TZ="Asia/Tokyo") as other:
        assert "StreamPulse 77.7 is listening" in web.log
        assert "StreamPulse 77.7 is listening" not in other.log
        assert (zone_of(web), zone_of(other)) == ("America/Lima", "Asia/Tokyo")
        with pytest.raises(subprocess.TimeoutExpired):
            web.process.wait(0.01)
        other.kill()
        assert web.process.poll() is None
        assert (web.stop(), other.process.poll()) == (0, -signal.SIGKILL)
        assert "stopping" in web.log
        assert "stopping" not in other.log


def test_its_arguments_and_its_refusal_are_its_own(program: Program, new_database_url: Callable[[], str]) -> None:
    with program.collector(new_database_url(), "--no-such-option") as collector:
        assert collector.process.wait(30) == 2
        assert "unrecognized arguments: --no-such-option" in collector.log
        assert collector.log.startswith("usage: collector.py ")


@pytest.mark.skipif(not can_fork(), reason="then none is halted")
def test_ctrl_c_leaves_who_tells_how_each_has_ended(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.touch()
    with Nursery(ROOT, "collector.py") as nursery:
        collector = nursery.start(["--no-such-option"], {}, log)
        os.kill(nursery.pid, signal.SIGINT)
        assert collector.wait(30) == 2
