"""What docs/scripts.md shows to whoever writes scripts, run as it stands. Only the address is another."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from actions.webhooks import Delivery, Webhook, request_of
from core.clock import now_ms
from tests.processes import wait_until
from tests.web.conftest import API_TOKEN, Stage

ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "docs" / "scripts.md").read_text(encoding="utf-8")
[LISTENER, RECEIVER] = re.findall(r"^```python\n(.*?)^```", DOCUMENT, re.MULTILINE | re.DOTALL)
SECRET = "a-secret-of-sixteen-letters"


def test_the_listener_prints_what_is_said_and_what_was_said_before(locked_stage: Stage, tmp_path):
    locked_stage.chat("scripted", "before it came")
    told = tmp_path / "told"
    with told.open("w") as printed:
        listener = subprocess.Popen(
            [sys.executable, "-c", LISTENER.replace("http://127.0.0.1:5000", locked_stage.web.url)],
            env={"PATH": "/usr/bin:/bin", "API_TOKEN": API_TOKEN},
            stdout=printed,
            stderr=subprocess.STDOUT,
        )
    try:
        wait_until(lambda: "chat Mila before it came" in told.read_text(), "the latest of the feed", 20)
        locked_stage.chat("scripted", "while it listens")
        wait_until(lambda: "chat Mila while it listens" in told.read_text(), "what is said now", 20)
        lines = told.read_text().splitlines()
        assert len([line for line in lines if line.endswith("it listens")]) == 1
    finally:
        listener.terminate()
        listener.wait(10)


def test_the_receiver_takes_our_messages_and_no_others():
    names: dict[str, Any] = {}
    exec(RECEIVER, names)
    is_ours = names["is_from_streampulse"]
    delivery = Delivery(7, "anomaly", 1, {"event": "anomaly"}, Webhook("https://shop.example/", "generic", SECRET))
    body, headers = request_of(delivery, ZoneInfo("UTC"), now_ms())
    assert is_ours(SECRET, headers, body)
    assert not is_ours("another secret", headers, body)
    assert not is_ours(SECRET, headers, body + b" ")
    body, headers = request_of(delivery, ZoneInfo("UTC"), now_ms() - 400_000)
    assert not is_ours(SECRET, headers, body)
    assert {"X-StreamPulse-Delivery", "X-StreamPulse-Signature", "X-StreamPulse-Timestamp"} <= headers.keys()
    assert set(re.findall(r"X-StreamPulse-\w+", DOCUMENT)) <= headers.keys()


def test_every_event_that_dashboards_hear_is_named():
    pushed = set()
    for module in ("live", "viewer", "store", "revenue"):
        code = (ROOT / "web" / f"{module}_push.py").read_text(encoding="utf-8")
        for name in re.findall(r'emit\(\s*"([\w:-]+)"|yield room, "(\w+)"', code):
            event = next(filter(None, name))
            assert f"`{event}`" in DOCUMENT, event
            pushed.add(event)
    assert {"chat", "removed", "stats", "revenue_update", "initial_data"} <= pushed
