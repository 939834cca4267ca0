"""What servers are given: units that systemd understands, and backups that never take the last good one with them.

`deploy/try-guide` follows the whole guide on a Debian that boots; that takes minutes and is no part of the checks.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from core.config import ROOT

UNITS = sorted((ROOT / "deploy" / "systemd").iterdir())


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """A folder with deploy/backup, whose program writes what it is told to, or fails while a file ``full`` is there."""
    python = tmp_path / "app" / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\n[ ! -e full ] || { echo "no room" >&2; exit 2; }\necho "$*" > "$3"\n')
    python.chmod(0o755)
    (tmp_path / "app" / "deploy").mkdir()
    shutil.copy(ROOT / "deploy" / "backup", tmp_path / "app" / "deploy")
    return tmp_path / "app"


def back_up(installed: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [installed / "deploy" / "backup", *arguments]
    return subprocess.run(command, cwd=installed.parent, capture_output=True, text=True, check=False)


def names(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


def test_a_backup_has_its_day_in_its_name_and_the_newest_stay(installed: Path) -> None:
    folder = installed.parent / "back ups"
    folder.mkdir()
    older = [f"streampulse-2020-01-{day:02}.db" for day in range(1, 6)]
    for name in (*older, "before-update.db", "notes.txt"):
        (folder / name).touch()
    ended = back_up(installed, "back ups", "3")
    assert ended.returncode == 0, ended.stderr
    (today,) = set(names(folder)) - {*older, "before-update.db", "notes.txt"}
    assert re.fullmatch(r"streampulse-20\d\d-\d\d-\d\d\.db", today)
    assert (folder / today).read_text() == f"init_db.py --backup {folder.resolve()}/{today} --force\n"
    assert names(folder) == sorted([*older[-2:], today, "before-update.db", "notes.txt"])


def test_when_no_backup_can_be_made_none_of_the_old_ones_goes(installed: Path) -> None:
    folder = installed.parent / "backups"
    folder.mkdir()
    old = [f"streampulse-2020-01-{day:02}.db" for day in range(1, 6)]
    for name in old:
        (folder / name).touch()
    (installed / "full").touch()
    ended = back_up(installed, "backups", "2")
    assert ended.returncode == 2
    assert "no room" in ended.stderr
    assert names(folder) == old


def test_the_folder_for_backups_is_made_for_its_owner_alone(installed: Path) -> None:
    assert back_up(installed, "deep/backups").returncode == 0
    assert (installed.parent / "deep" / "backups").stat().st_mode & 0o777 == 0o700


def test_without_a_folder_it_says_how_it_is_called(installed: Path) -> None:
    ended = back_up(installed)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == "backup: name the folder for backups: deploy/backup FOLDER [NUMBER]\n"


@pytest.mark.parametrize("number", ["0", "many", "-1"])
def test_a_number_that_would_keep_nothing_is_refused(installed: Path, number: str) -> None:
    ended = back_up(installed, "backups", number)
    assert ended.returncode == 2
    assert not (installed.parent / "backups").exists()


def test_systemd_understands_the_units(tmp_path: Path) -> None:
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd-analyze is not installed")
    for unit in UNITS:
        # Where the guide puts the program there is nothing here.
        text = re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", unit.read_text(), flags=re.MULTILINE)
        (tmp_path / unit.name).write_text(text)
    ended = subprocess.run(
        ["systemd-analyze", "verify", *tmp_path.iterdir()], capture_output=True, text=True, check=False
    )
    ours = [line for line in ended.stderr.splitlines() if "streampulse" in line]
    assert (ended.returncode, ours) == (0, [])


def test_processes_may_write_their_own_data_and_nothing_else() -> None:
    for unit in UNITS:
        if unit.suffix == ".service":
            lines = unit.read_text().splitlines()
            assert {"ProtectSystem=strict", "NoNewPrivileges=yes", "PrivateTmp=yes", "StateDirectory=streampulse"} <= {
                *lines
            }
            assert not [line for line in lines if line.startswith("ReadWritePaths")]


def test_front_end_packages_are_not_fetched_before_those_of_python_are_there(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    for file in ("bin/assets", "package-lock.json"):
        shutil.copy(ROOT / file, tmp_path / file)
    bare = [sys.executable, "-I", "-S", tmp_path / "bin" / "assets"]
    ended = subprocess.run(bare, capture_output=True, text=True, timeout=20, check=False)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith("assets: the Python packages are missing: run bin/setup")
