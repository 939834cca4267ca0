"""Imports point one way: an arrow between folders that is not in this table is a fault, inside functions as well."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from typing import NamedTuple

import pytest

from core.config import ROOT

MAY_IMPORT = {
    "core": set(),
    "models": {"core"},
    "rules": {"core"},
    "demo": {"core"},
    "sources": {"core", "demo"},
    "ingest": {"core", "rules", "models"},
    "analytics": {"core", "rules", "models"},
    "actions": {"core", "rules", "models", "ingest", "demo"},
    "web": {"core", "rules", "analytics", "actions"},
    "migrations": {"models"},
}
# These wire the others together, so they may import any of them.
WIRING = {"app", "collector", "init_db", "bin", "benchmarks", "deploy", "tests"}
OURS = MAY_IMPORT.keys() | WIRING

# Other people's packages in the layers that shall stay plain Python: file → packages.
MAY_USE = {
    "core/config.py": {"dotenv", "pydantic", "pydantic_settings", "tzlocal"},
    "core/changes.py": {"sqlalchemy"},
    "core/checkpoints.py": {"sqlalchemy"},
    "core/db.py": {"sqlalchemy"},
    "core/postgresql.py": {"sqlalchemy", "psycopg"},
    "core/sqlite.py": {"sqlalchemy"},
    "core/statements.py": {"sqlalchemy"},
    "core/text_search.py": {"sqlalchemy"},
    "core/turns.py": {"sqlalchemy"},
}
PLAIN = ("core", "rules", "demo")
WRITING = {"insert", "update", "delete", "insert_for", "BulkStatement", "writing"}


class Import(NamedTuple):
    file: str
    line: int
    module: str
    name: str  # what is taken from the module, "" for all of it

    @property
    def top(self) -> str:
        return self.module.partition(".")[0]


def imports_in(source: str, file: str) -> Iterator[Import]:
    folder = file.split("/")[:-1]
    for node in ast.walk(ast.parse(source, file)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(file, node.lineno, alias.name, "")
        elif isinstance(node, ast.ImportFrom):
            package = folder[: len(folder) - node.level + 1] if node.level else []
            module = ".".join((*package, *filter(None, [node.module])))
            for alias in node.names:
                # `from . import name` at the top of the tree names a module, not something in one
                yield Import(file, node.lineno, module or alias.name, alias.name)


def layer_of(file: str) -> str:
    return file.split("/")[0].removesuffix(".py")


def problem(found: Import) -> str | None:
    """What is wrong with an import, or None."""
    layer, where = layer_of(found.file), f"{found.file}:{found.line}"
    if found.top in OURS:
        allowed = layer in WIRING or found.top == layer or found.top in MAY_IMPORT[layer]
        return None if allowed else f"{where}: {layer} must not import {found.module}"
    plain = layer in PLAIN and found.top not in sys.stdlib_module_names
    if plain and found.top not in MAY_USE.get(found.file, set()):
        return f"{where}: {layer} is plain Python and must not import {found.module}"
    return None


def tracked_python() -> list[str]:
    listed = subprocess.run(["git", "ls-files", "-z", "*.py"], cwd=ROOT, capture_output=True, text=True, check=True)
    return [file for file in listed.stdout.split("\0") if file and (ROOT / file).is_file()]


@pytest.fixture(scope="module")
def imports() -> list[Import]:
    found = [one for file in tracked_python() for one in imports_in((ROOT / file).read_text(encoding="utf-8"), file)]
    assert len(found) > 300, "the tree was not read"
    return found


def test_every_folder_has_its_place_in_the_table():
    assert {layer_of(file) for file in tracked_python()} <= OURS


def test_imports_point_one_way(imports):
    assert [text for one in imports if (text := problem(one))] == []


def test_only_tests_import_tests(imports):
    strangers = [one for one in imports if one.top == "tests" and layer_of(one.file) not in ("tests", "benchmarks")]
    assert strangers == []


def test_analytics_answers_and_never_writes(imports):
    for one in imports:
        if layer_of(one.file) == "analytics":
            assert one.name not in WRITING, f"{one.file}:{one.line} imports {one.name}"
    for file in (ROOT / "analytics").glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            assert not (isinstance(node, ast.Attribute) and node.attr == "writing"), f"{file.name}:{node.lineno} writes"


def test_tiktok_s_package_is_loaded_only_when_it_is_needed():
    """Its licence is another one, and it costs 60 MB: importing both programs must not load it."""
    code = "import sys, collector, init_db; sys.exit('TikTokLive' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False, timeout=60).returncode == 0


@pytest.mark.parametrize(
    ("file", "source"),
    [
        ("core/money.py", "from rules.hype import level"),
        ("core/money.py", "import models"),
        ("core/clock.py", "import pydantic"),
        ("core/config.py", "from sqlalchemy import text"),
        ("rules/hype.py", "def level():\n    from models import Event"),
        ("rules/hype.py", "import flask"),
        ("sources/twitch.py", "from ingest.writer import Writer"),
        ("analytics/live.py", "import actions.sales as sales"),
        ("ingest/batch.py", "if True:\n    import analytics.live"),
        ("actions/sales.py", "from web import access"),
        ("web/live.py", "from models import Event"),
        ("web/live.py", "from ..ingest import writer"),
        ("models.py", "from . import app"),
        ("migrations/versions/0002_more.py", "from ingest.writer import Writer"),
        ("demo/world.py", "from sources.base import Sink"),
    ],
)
def test_a_forbidden_arrow_is_found(file, source):
    assert [text for one in imports_in(source, file) if (text := problem(one))], f"{source!r} in {file}"


@pytest.mark.parametrize(
    ("file", "source"),
    [
        ("web/live.py", "from . import access\nfrom .access import ROUTES\nimport flask"),
        ("core/db.py", "from core.config import ROOT\nfrom sqlalchemy import text\nimport json"),
        ("sources/simulator.py", "def run():\n    from demo.world import World"),
        ("collector.py", "from ingest.writer import Writer\nfrom analytics import commands"),
    ],
)
def test_an_allowed_arrow_is_none(file, source):
    assert [text for one in imports_in(source, file) if (text := problem(one))] == []
