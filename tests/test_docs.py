"""What is written for people is held to what the program does: settings, calls, commands, packages."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from core.config import ROOT, Settings, load_settings
from core.version import VERSION
from tests.processes import Program, WebProcess
from tests.web.conftest import migrated, new_database_url
from web.access import ROUTES

__all__ = ["migrated", "new_database_url"]

README = (ROOT / "README.md").read_text(encoding="utf-8")
EXAMPLE = (ROOT / ".env.example").read_text(encoding="utf-8")
DOCUMENTS = (
    *("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "benchmarks/README.md"),
    *sorted(f"docs/{file.name}" for file in (ROOT / "docs").glob("*.md")),
)
NAMES = {name.upper() for name in Settings.model_fields}

# What is for people, or for Swagger UI itself, and therefore not in the document of the API.
PAGES = {
    *("live.page", "streams.list_page", "streams.stream_page", "overlay.page", "docs.page"),
    *("viewers.page", "library.page", "store.page", "settings.page", "track.preflight"),
    "voice.page",
    "revenue.page",
    *("voice_socket.connect", "voice_socket.not_a_socket"),
    *("auth.login", "auth.log_in", "auth.log_out", "static", "joined.send", "openapi.spec"),
}
UNBOUNDED = {"tzdata"}  # a calendar: its newest version is always the right one


def tracked(*patterns: str) -> list[str]:
    listed = subprocess.run(["git", "ls-files", "-z", *patterns], cwd=ROOT, capture_output=True, text=True, check=True)
    return [file for file in listed.stdout.split("\0") if file and (ROOT / file).is_file()]


@pytest.fixture(autouse=True)
def no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)


def settings_of(text: str, folder: Path) -> Settings:
    file = folder / "settings.env"
    file.write_text(text, encoding="utf-8")
    return load_settings(file)


# --- settings ---


def readme_settings() -> dict[str, str]:
    """Variable → default, from README's table; "" where it says there is none."""
    table = README.split("## Settings")[1].split("\n## ")[0]
    rows = re.findall(r"^\| `([A-Z_]+)` \| (.+?) \| .+ \|$", table, re.MULTILINE)
    assert len({name for name, _ in rows}) == len(rows), "a variable stands there twice"
    return {name: "" if default == "–" else default.strip("`") for name, default in rows}


def test_readme_has_every_setting_and_no_other():
    assert readme_settings().keys() == NAMES


def test_the_defaults_in_readme_are_the_real_ones(tmp_path):
    text = "\n".join(f"{name}={default}" for name, default in readme_settings().items())
    assert settings_of(text, tmp_path) == settings_of("", tmp_path)
    unset = {name for name, default in readme_settings().items() if not default}
    has_default = {name.upper() for name, value in settings_of("", tmp_path) if value not in ("", ())}
    assert unset - {"TIMEZONE"} == NAMES - has_default


def test_env_example_has_every_setting_once_and_no_other():
    found = re.findall(r"^(?:# )?([A-Z_]+)=", EXAMPLE, re.MULTILINE)
    assert sorted(found) == sorted(NAMES)


@pytest.mark.parametrize("as_it_is", [True, False], ids=["as it is", "with every comment taken off"])
def test_env_example_changes_nothing_until_it_is_edited(tmp_path, as_it_is):
    text = EXAMPLE if as_it_is else re.sub(r"^# ([A-Z_]+=)", r"\1", EXAMPLE, flags=re.MULTILINE)
    assert settings_of(text, tmp_path) == settings_of("", tmp_path)


def test_env_example_sets_nothing_so_that_the_demo_keeps_to_its_own_database(tmp_path):
    assert settings_of(EXAMPLE, tmp_path).model_fields_set == set()


# --- calls ---

PRINT_CALLS = """
import json, app
from core.config import Settings
from core.db import Database
made = app.create_app(Settings(), Database("sqlite://"))
rules = [[rule.endpoint, rule.rule, sorted(rule.methods - {"HEAD", "OPTIONS"})] for rule in made.url_map.iter_rules()]
print(json.dumps({"rules": rules, "spec": made.spec}))
"""


@pytest.fixture(scope="module")
def calls(program: Program) -> dict[str, Any]:
    """What the application answers, and what its API document says of it."""
    ended = program.run("-c", PRINT_CALLS)
    assert ended.returncode == 0, ended.stderr
    return dict(json.loads(ended.stdout))


def documented(spec: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    return {(path, method.upper()): told for path, item in spec["paths"].items() for method, told in item.items()}


def test_every_call_is_in_the_api_document_and_every_page_is_not(calls):
    assert ROUTES.keys() >= PAGES
    expected = {
        (re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", path), method)
        for endpoint, path, methods in calls["rules"]
        if endpoint not in PAGES
        for method in methods
    }
    assert documented(calls["spec"]).keys() == expected


def test_every_call_is_described(calls):
    for call, told in documented(calls["spec"]).items():
        assert told.get("summary"), call
        assert told.get("tags"), call
        success = [answer for status, answer in told["responses"].items() if status.startswith("2")]
        assert success and all(answer["description"] for answer in success), call
        for parameter in told.get("parameters", []):
            assert parameter.get("schema"), f"{call}: {parameter['name']}"


def test_every_call_is_named_in_readme_or_in_the_document_it_points_to(calls):
    assert "/docs" in README
    for path in ("/api/stats", "/health", "/metrics"):
        assert f"`GET {path}`" in README


@pytest.fixture(scope="module")
def web(program: Program, new_database_url: Callable[[], str]) -> Iterator[WebProcess]:
    with program.web(new_database_url()) as running:
        yield running


CURLS = [line for line in README.splitlines() if line.startswith("curl ")]  # docs/ are tried beside what they tell of


def test_readme_has_examples_for_curl():
    assert len(CURLS) >= 4


@pytest.mark.parametrize("line", CURLS)
def test_readme_s_examples_for_curl_run_as_they_stand(web, line):
    command = line.replace("http://127.0.0.1:5000", web.url).replace("curl ", "curl --fail --max-time 10 ", 1)
    ended = subprocess.run(
        ["bash", "-c", command], env={"PATH": "/usr/bin:/bin", "API_TOKEN": "x"}, capture_output=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout


# --- commands ---


def shell_lines(text: str = README) -> list[str]:
    blocks = re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    return [line.split("  #")[0].strip() for block in blocks for line in block.splitlines() if line.strip()]


def test_readme_begins_with_the_two_commands_and_a_picture():
    assert shell_lines()[:2] == ["bin/dev", "CHANNEL=yourname bin/dev"]
    picture = re.search(r"!\[[^\]]{20,}\]\((\S+)\)", README)
    assert picture
    assert README.index("bin/dev") > picture.start()
    assert (ROOT / picture[1]).read_bytes().startswith(b"\x89PNG")


def test_every_file_and_program_that_documents_name_exists():
    missing = []
    for document in DOCUMENTS:
        text = (ROOT / document).read_text(encoding="utf-8")
        for found in re.findall(
            r"(?<![\w./])(?:bin|deploy|web|core|rules|tests|static|sources)/[\w./-]*\w(?![\w<])", text
        ):
            file = ROOT / found
            if not file.exists() and not file.with_suffix(".py").exists() and "static/vendor" not in found:
                missing.append(f"{document}: {found}")
    assert missing == []


@pytest.mark.parametrize("name", ["init_db.py", "collector.py"])
def test_documents_use_the_options_that_are_there_and_tell_them_all(program, name):
    options = set(re.findall(r"^  (--[a-z-]+)", program.run(name, "--help").stdout, re.MULTILINE))
    told = "\n".join((ROOT / document).read_text(encoding="utf-8") for document in DOCUMENTS)
    lines = [shlex.split(line) for line in shell_lines(told)]
    used = {word for words in lines if name in words for word in words if word.startswith("--")}
    assert used
    assert used <= options
    assert {option for option in options if option not in told} <= {"--days", "--seed", "--demo"}


def test_a_tape_can_be_looked_at_as_readme_says(program, tmp_path):
    section = README.split("## Tapes")[1].split("\n## ")[0]
    tape = tmp_path / "evening.ndjson"
    tape.write_text('{"platform": "twitch", "channel": "lena", "kind": "chat", "at_ms": 1, "text": "once more"}\n')
    lines = [re.match(r"DATABASE_URL=(\S+) (?:PORT=\d+ )?\S+ (\w+\.py)(.*)", line) for line in shell_lines(section)]
    (made, database, _), (played, _, how), (shown, app, _) = [line.groups() for line in lines if line]
    assert made == played == shown
    assert app == "app.py"
    url = f"sqlite:///{tmp_path}/replay.db"
    assert program.run(database, DATABASE_URL=url).returncode == 0
    ended = program.run("collector.py", *how.replace("evening.ndjson", str(tape)).split(), DATABASE_URL=url)
    assert ended.returncode == 0, ended.stderr
    with program.web(url) as web, urlopen(f"{web.url}/api/stats", timeout=10) as answer:
        assert json.load(answer)["recent"][0]["message"] == "once more"


def test_links_between_documents_lead_somewhere():
    for document in DOCUMENTS:
        text = (ROOT / document).read_text(encoding="utf-8")
        for target in re.findall(r"\]\(([^)\s]+)\)", text):
            if not target.startswith(("http://", "https://", "#")):
                assert (ROOT / document).parent.joinpath(target).is_file(), f"{document}: {target}"


def test_the_code_map_has_every_folder():
    told = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    folders = {file.split("/")[0] for file in tracked() if "/" in file and not file.startswith(".")}
    missing = {folder for folder in folders if f"`{folder}/" not in told}
    assert missing <= {"docs"}  # README's picture


# --- versions and packages ---


def requirements(file: str) -> dict[str, str]:
    """Package → range."""
    lines = (ROOT / file).read_text(encoding="utf-8").splitlines()
    wanted = [line for line in lines if line and not line.startswith(("#", "-r"))]
    found = [re.fullmatch(r"([A-Za-z0-9-]+)(?:\[[a-z,]+\])?(.*)", line) for line in wanted]
    assert all(found), wanted
    return {one[1]: one[2].partition(";")[0] for one in found if one}  # without where it is wanted


@pytest.mark.parametrize("file", ["requirements.txt", "requirements-dev.txt"])
def test_packages_are_pinned_by_ranges(file):
    for name, version in requirements(file).items():
        pattern = r">=[\d.]+" if name in UNBOUNDED else r">=[\d.]+,<[\d.]+"
        assert re.fullmatch(pattern, version), f"{file}: {name}{version}"


def test_readme_says_why_each_package_is_there_and_names_no_other():
    told = README.split("## What it stands on")[1].split("\n## ")[0]
    rows = dict(re.findall(r"^\| ([^`\s|]+) \| (.+) \|$", told, re.MULTILINE))
    rows.pop("package")
    front_end = json.loads((ROOT / "package.json").read_text())["dependencies"]
    rows = {name: why for name, why in rows.items() if not set(name) <= {"-"}}
    assert rows.keys() == requirements("requirements.txt").keys() | front_end.keys()
    for name in requirements("requirements-dev.txt"):
        assert name.lower() in told.lower(), name


def test_the_version_is_the_same_everywhere():
    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"] == VERSION
    versions = re.findall(r"^## (\d+\.\d+\.\d+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert versions[0] == VERSION


# --- what must not be in the tree ---

# Written in pieces, or this file would find itself.
STRANGE = re.compile(
    "|".join(
        (
            r"registry\." + "npmjs",
            "pypi" + r"\.org",
            "python" + "hosted",
            r"deb\." + "debian",
            r"(?<![\w.])/(?:root|work|home/\w+|Users/\w+)" + "/",
            "-----BEGIN [A-Z ]*" + "PRIVATE KEY",
        )
    )
)


def test_no_tracked_file_names_a_registry_or_a_path_of_some_machine():
    found = []
    for file in tracked():
        content = (ROOT / file).read_bytes()
        if b"\0" in content[:8000]:
            continue  # a picture
        for number, line in enumerate(content.decode("utf-8").splitlines(), 1):
            if STRANGE.search(line):
                found.append(f"{file}:{number}: {line.strip()[:120]}")
    assert found == []


def test_nothing_is_tracked_that_set_up_fetches_or_a_run_leaves_behind():
    assert (
        tracked("*.db", "*.min.js", "*.woff2", "static/vendor", "node_modules", ".env", ".secret_key", "*.ndjson") == []
    )


def test_every_program_can_be_started():
    for file in (
        "bin/setup",
        "bin/dev",
        "bin/test",
        "bin/torture",
        "bin/assets",
        "deploy/try-pm2",
        "deploy/try-guide",
        "deploy/backup",
        ".ci/run",
    ):
        assert (ROOT / file).stat().st_mode & 0o111, file
        assert (ROOT / file).read_text(encoding="utf-8").startswith("#!/usr/bin/env "), file
