"""The tail: how often it looks, rarely enough to cost next to nothing; and whom it turns out, others having turns."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gevent
import pytest
from flask import Flask

from core.config import Settings
from models import SCHEMA_REVISION
from tests.support import database
from web import orders, realtime
from web.broadcast import DirectManager
from web.credentials import Known
from web.identity import Identity, Proof
from web.levels import Access
from web.services import Services
from web.socket_guard import LOOKED_AT_A_TURN, GuardedSocketIO

LOOKS = 200
LOOK_SECONDS = 0.0001


class Enough(BaseException):
    """No Exception, which the tail would log and outlive."""


def test_while_nothing_happens_it_pauses_between_any_two_looks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now, pauses = 1000.0, list[float]()
    look = realtime.Realtime._push

    def push(self: realtime.Realtime, at: float) -> None:
        nonlocal now
        look(self, at)
        now += LOOK_SECONDS

    def sleep(seconds: float) -> None:
        nonlocal now
        now += seconds
        pauses.append(seconds)
        if len(pauses) == LOOKS:
            raise Enough

    monkeypatch.setattr(realtime, "time", SimpleNamespace(monotonic=lambda: now))
    monkeypatch.setattr(realtime.gevent, "sleep", sleep)
    monkeypatch.setattr(realtime.Realtime, "_push", push)
    door: Any = SimpleNamespace(server=SimpleNamespace(manager=DirectManager()), turn_out=lambda _now: None)
    with closing(database(tmp_path)) as idle, pytest.raises(Enough):
        at = Services(Settings(_env_file=None), idle, SCHEMA_REVISION)  # type: ignore[call-arg]
        app = Flask(__name__)
        orders.register(app, idle)
        realtime.Realtime(app, door, at).follow()
    # What the first two looks read is new to them, and so the next may come as soon as it is due.
    assert len([pause for pause in pauses if pause < realtime.POLL_SECONDS]) <= 2


def test_while_thousands_are_looked_at_others_have_their_turn_and_who_has_left_is_let_be() -> None:
    app, hung_up = Flask("door"), list[str]()
    app.extensions["streampulse"] = SimpleNamespace(settings=Settings(dashboard_password="a pass phrase"))
    app.extensions["credentials"] = SimpleNamespace(current=Known)
    door = GuardedSocketIO(app, async_mode="gevent")
    door.server.manager.eio_sid_from_sid = lambda sid, _namespace: hung_up.append(sid)
    token = Identity(Access.READ, "token revoked", proof=Proof("bearer", "revoked"))
    for number in range(3 * LOOKED_AT_A_TURN):
        door.let_in(f"s{number}", token)
    leaving = gevent.spawn(door.forget, f"s{LOOKED_AT_A_TURN + 7}")
    door.turn_out(0.0)
    assert leaving.ready()
    assert hung_up == [f"s{number}" for number in range(3 * LOOKED_AT_A_TURN) if number != LOOKED_AT_A_TURN + 7]
