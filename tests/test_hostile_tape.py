"""Tapes that hold any text, and anything in the place of it: each line is stored as it is, or skipped."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from core.events import Platform, event_to_json
from models import Event
from tests import databases, support
from tests.hostile import TEXTS
from tests.hostile_house import said
from tests.processes import Program
from tests.test_hostile_chat import BREAKS, LINE

ODD: tuple[Any, ...] = (
    *(None, True, -1, 0, 1.5, float("inf"), 2**63, 10**400),
    *("", "\ud800", "\0", "9" * 50, [], [[]], {}, {"a": {}}),
)
PLACES = 20  # in a line; a few more than there are


def bent(line: str, number: int) -> str:
    """A line with something odd in one of its places."""
    told = json.loads(line)
    parts = [part for part in (told, told.get("who"), told.get("extra")) if part]
    places = [(part, name) for part in parts for name in part]
    part, name = places[number % len(places)]
    part[name] = ODD[number // PLACES % len(ODD)]
    return json.dumps(told)


@pytest.mark.parametrize("way", [["--as-recorded"], ["--speed", "1000"]], ids=["as recorded", "now"])
def test_every_line_of_a_tape_is_stored_or_skipped(
    program: Program, tmp_path: Path, way: list[str], figure: Callable[[str], None]
) -> None:
    texts = [text.replace("\0", "") for text in TEXTS.values()]  # which no database holds
    real = [event_to_json(one) for number, text in enumerate(texts) for one in said(Platform.TIKTOK, number, text)]
    # What is odd about a time would be waited for.
    odd = [line for n in range(PLACES * len(ODD)) if '"at_ms": 1' in (line := bent(real[n % 7], n))]
    tape = tmp_path / "tape.ndjson"
    tape.write_text("\n".join([*odd, *real]) + "\n")
    with closing(support.database(tmp_path)) as database:
        address = databases.address(database)
        ended = program.run("collector.py", "--replay", str(tape), *way, DATABASE_URL=address, timeout=60)
        stored = {row["text"] for row in support.rows(database, Event)}
    assert ended.returncode == 0, ended.stderr
    assert {text[:2_000] for text in texts} - stored == set()
    assert "cannot be stored" not in ended.stderr
    assert [line for line in BREAKS.split(ended.stderr) if line and not LINE.fullmatch(line)] == []
    skipped = len(re.findall("bad line", ended.stderr))
    figure(f"{len(real)} lines with a hostile text, {len(odd)} with another kind of value: 0 mistakes ({skipped} told)")
