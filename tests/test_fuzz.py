"""The guided search of ``bin/torture input``, without its guide: what it begins with is taken, and it would notice."""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from core.config import ROOT
from ingest.writer import Writer
from sources import tiktok_events, twitch_events
from tests.support import LENA, chat, fresh_database
from tests.torture import fuzz
from tests.torture.fuzz_targets import TARGETS, Refused, Storing, Target, Told
from tests.torture.report import Report

# What a search finds goes here with its target, and stays. These two it found in sources that were broken on purpose.
FOUND: list[tuple[str, bytes]] = [
    ("twitch", b"@bits=\xc2\xb2 :mila!mila@x PRIVMSG #lena :hi"),
    ("tiktok", b'\x01\r"C?\x13q+\x0b0\xa3*\xd9~6\xe9'),
]
WITHOUT_ATHERIS = """
import runpy, sys
sys.modules["atheris"] = None
sys.argv[1:] = ["twitch", "--seconds", "1"]
runpy.run_module("tests.torture.fuzz", run_name="__main__")
"""


@pytest.fixture
def writer() -> Iterator[Writer]:
    with fresh_database() as database:
        made = Writer(database).start()
        yield made
        made.close()


@pytest.mark.parametrize("name", TARGETS)
def test_all_that_the_search_begins_with_and_has_found_is_read_and_stored(name: str, writer: Writer) -> None:
    with closing(TARGETS[name]()) as target:
        storing = Storing(target, writer)
        for data in (*target.seeds(), *(data for of, data in FOUND if of == name)):
            storing.take(data)
        storing.settle()
    assert writer.counters.stored > 100


@pytest.mark.parametrize(
    ("name", "module", "broken"), [("twitch", twitch_events, "_person"), ("tiktok", tiktok_events, "person_of")]
)
def test_what_a_source_catches_is_a_finding(
    name: str, module: object, broken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wrong(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(module, broken, wrong)
    with closing(TARGETS[name]()) as target, pytest.raises((ZeroDivisionError, AssertionError)) as caught:
        for data in target.seeds():
            target.read(data)
    assert isinstance(caught.value.__cause__ or caught.value, ZeroDivisionError)


class OneThatCannotBeStored(Target):
    def seeds(self) -> Iterator[bytes]:
        yield from (b"%d" % number for number in range(20))

    def read(self, data: bytes) -> Told:
        return [chat(LENA, "half \ud83d" if data == b"13" else data.decode())]


def test_what_the_database_refuses_is_a_finding_of_the_input_that_told_it(writer: Writer) -> None:
    target = OneThatCannotBeStored()
    storing = Storing(target, writer)
    for data in target.seeds():
        storing.take(data)
    with pytest.raises(Refused) as refused:
        storing.settle()
    assert refused.value.data == b"13"


def test_a_search_that_was_ended_from_outside_tells_the_bytes_it_was_at(tmp_path: Path) -> None:
    assert fuzz.findings(tmp_path, {}, 77, "no atheris here") == ["the search ended with 77: no atheris here"]
    (tmp_path / fuzz.FINDINGS).mkdir()
    (tmp_path / fuzz.FINDINGS / "timeout-1f").write_bytes(b"\xff\0")
    assert fuzz.findings(tmp_path, {}, 70, "") == ["timeout: b'\\xff\\x00'"]
    assert fuzz.findings(tmp_path, {"finding": ""}, 0, "") == []
    assert fuzz.findings(tmp_path, {"finding": "b'x': ValueError"}, 77, "") == ["b'x': ValueError"]


def test_without_atheris_the_search_says_that_it_is_left_out_and_how_to_have_it() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", WITHOUT_ATHERIS], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert (ended.returncode, ended.stdout.splitlines(), ended.stderr) == (0, [fuzz.LEFT_OUT], "")


def test_without_atheris_the_rest_of_the_trial_goes_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "atheris", None)
    parser = argparse.ArgumentParser()
    fuzz.add_options(parser)
    report = Report("input")
    fuzz.run(parser.parse_args([]), report)
    assert report.broken == []
    assert capsys.readouterr().out.count("LEFT OUT") == 1
