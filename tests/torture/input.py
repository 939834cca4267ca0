"""Sends anything to every door: bytes to sources, the hostile corpus to every field, all routes as anybody."""

from __future__ import annotations

import argparse
import logging
import tempfile
from collections.abc import Callable
from pathlib import Path

from core.db import Database
from init_db import upgrade
from tests.hostile import EVERYTHING
from tests.hostile_house import House
from tests.processes import Program
from tests.sources.test_hostile_peers import hostile_tiktok, hostile_twitch
from tests.torture import fuzz
from tests.torture.report import Report
from tests.web.conftest import API_TOKEN, OVERLAY_TOKEN, PASSWORD, SALES_SECRET, TRACK_KEY, stage_of
from tests.web.test_document_roles import ROLES, asked_as

LOCKED = {"DASHBOARD_PASSWORD": PASSWORD, "API_TOKEN": API_TOKEN, "TRACK_KEY": TRACK_KEY}


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--bytes", type=int, default=5_000, metavar="N", help="streams that each source reads (5000)")
    parser.add_argument("--examples", type=int, default=30, metavar="N", help="of each route and role (30)")
    fuzz.add_options(parser)


def run(options: argparse.Namespace, report: Report) -> None:
    logging.disable(logging.CRITICAL)  # of what a broken peer sends the sources warn
    for name, told in (("Twitch", hostile_twitch), ("TikTok", hostile_tiktok)):
        report.say(f"{options.bytes:,} streams of {name}'s that are none")
        report.promise(f"no exception leaves {name}'s source, and all it tells can be stored", _against(told, options))
    logging.disable(logging.NOTSET)
    fuzz.run(options, report)
    with tempfile.TemporaryDirectory(prefix="streampulse-") as folder:
        program = Program.copied_to(Path(folder) / "program")
        _corpus(program, Path(folder), report)
        _roles(program, Path(folder), options.examples, report)


def _against(told: Callable[[int], None], options: argparse.Namespace) -> list[str]:
    try:
        told(options.bytes)
    except Exception as error:  # what Hypothesis found, with its example
        return [f"{type(error).__name__}: {error}"[:500]]
    return []


def _corpus(program: Program, folder: Path, report: Report) -> None:
    with (
        stage_of(program, _fresh(folder / "corpus.db"), SALES_SECRET=SALES_SECRET) as stage,
        House(stage, EVERYTHING) as house,
    ):
        report.say(f"{len(EVERYTHING)} texts for every field")
        house.fill()
        for address in house.addresses():
            house.ask("GET", address, headers={"Accept": "text/html"})
        report.figure("requests that carried one of them", f"{house.answers:,}")
        report.promise("each is taken or refused, and none is a mistake of ours", house.faults)
        report.promise("no traceback in the log", ["a traceback"] * ("Traceback" in stage.web.log))


def _roles(program: Program, folder: Path, examples: int, report: Report) -> None:
    with stage_of(program, _fresh(folder / "roles.db"), OVERLAY_TOKEN=OVERLAY_TOKEN, **LOCKED) as stage:
        stage.chat("lena", "hello")
        for roles in (ROLES, ("owner",)):  # who changes the others' accounts, and so comes after them
            who = ", ".join(("stranger", *roles))
            report.say(f"every route as {who}, {examples} times")
            place = folder / roles[0]
            place.mkdir()
            tried, faults = asked_as(stage, roles, place, examples, seconds=3_600)
            report.figure(f"requests of Schemathesis as each of {who}", tried)
            report.promise(f"{who}: no answer that is not described", [faults[:2_000]] if faults else [])


def _fresh(file: Path) -> str:
    database = Database(f"sqlite:///{file}")
    upgrade(database)
    database.close()
    return f"sqlite:///{file}"
