"""What happens to the database's file while the program runs: moved away, put back, replaced, upgraded by another."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx
import pytest

from core.checkpoints import DUE_PAGES
from core.db import Database
from init_db import upgrade
from models import Event, StoreEvent
from tests.processes import Program, Running, WebProcess, wait_until
from tests.sources.twitch_server import TwitchServer
from tests.support import rows
from tests.web.sockets import listening

pytestmark = [pytest.mark.sqlite, pytest.mark.long]

SLOW = 60.0
STARTS_ANEW = 3
VIEW = {"event_type": "product_view", "user_id": "u1"}
KEY = "k" * 32
LOOKS_OFTEN = "import web.chores; web.chores.LOOK_SECONDS = 0.1"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return made(tmp_path / "streampulse.db")


def made(path: Path) -> Path:
    database = Database(f"sqlite:///{path}")
    upgrade(database)
    database.close()
    return path


class House:
    """A collector with a chat, and a web process, on one file."""

    def __init__(self, twitch: TwitchServer, collector: Running, web: WebProcess) -> None:
        self.twitch, self.collector, self.web = twitch, collector, web

    def track(self, event_id: str) -> int:
        told = VIEW | {"event_id": event_id}
        return httpx.post(f"{self.web.url}/track", json=told, headers={"X-Track-Key": KEY}, timeout=SLOW).status_code

    def health(self) -> httpx.Response:
        return httpx.get(f"{self.web.url}/health", timeout=SLOW)

    def end(self) -> list[int]:
        """The exit codes of those that end by themselves."""
        return [running.process.wait(SLOW) for running in (self.collector, self.web)]


@pytest.fixture
def house(program: Program, file: Path) -> Iterator[House]:
    with house_on(program, file) as house:
        yield house


@contextmanager
def house_on(program: Program, file: Path) -> Iterator[House]:
    url = f"sqlite:///{file}"
    with TwitchServer() as twitch:
        own = {"CHANNEL": "lena", "TWITCH_IRC_URL": twitch.irc_url, "TWITCH_VALIDATE_URL": twitch.validate_url}
        with program.collector(url, **own) as collector, program.web(url, TRACK_KEY=KEY) as web:
            collector.wait_for_log("Reading Twitch channel lena", SLOW)
            yield House(twitch, collector, web)
            assert "Traceback" not in collector.log + web.log


def said_in(path: Path) -> list[str]:
    database = Database(f"sqlite:///{path}")
    found = [row["text"] for row in rows(database, Event)]
    database.close()
    return found


def tracked_in(path: Path) -> list[str]:
    database = Database(f"sqlite:///{path}")
    found = [row["event_id"] for row in rows(database, StoreEvent)]
    database.close()
    return found


def is_whole(path: Path) -> bool:
    with sqlite3.connect(path) as plain:
        found = plain.execute("PRAGMA integrity_check").fetchone()
    plain.close()
    return bool(found == ("ok",))


def test_a_file_that_is_moved_away_is_missed_and_used_again_when_it_is_back(
    house: House, file: Path, figure: Callable[[str], None]
) -> None:
    assert house.track("before") == 201
    away = file.rename(file.with_name("away.db"))
    house.twitch.say("lena", "said meanwhile")
    assert house.track("meanwhile") == 503
    down = house.health()
    assert (down.status_code, down.json()["status"]) == (503, "down")
    assert "was deleted or moved away" in down.json()["problems"][0]
    house.collector.wait_for_log("cannot write", SLOW)
    assert not file.exists(), "nothing is made in its place"
    away.rename(file)
    figure(f"{until_well(house, file):.2f} s until all is well after the file is back")
    assert house.track("after") == 201
    assert tracked_in(file) == ["before", "after"]
    assert house.collector.log.count("cannot write") == 1
    assert house.collector.stop() == house.web.stop() == 0
    assert is_whole(file)


def test_pages_are_told_that_the_file_is_gone_and_nothing_is_claimed_to_be_done(house: House, file: Path) -> None:
    with listening(house.web.url) as page:
        assert page.wait_for("trouble") == {"problem": ""}
        house.twitch.say("lena", "hello", login="mila")
        page.wait_until(lambda: "hello" in page.texts(), SLOW)
        away = file.rename(file.with_name("away.db"))
        told = page.wait_for("trouble", lambda told: told["problem"], SLOW)
        assert told["problem"].startswith("The database is not available: the database file was deleted or moved away")
        update = {"username": "mila", "updates": {"notes": "lost"}}
        assert not page.client.call("viewer-profiles:update", update, timeout=10)["success"]
        answer = httpx.patch(f"{house.web.url}/api/viewer-profiles/mila", json={"notes": "lost"}, timeout=SLOW)
        assert (answer.status_code, answer.json()["success"]) == (503, False)
        with listening(house.web.url, subscribe=False) as late:
            assert late.wait_for("trouble")["problem"] == told["problem"]
        page.forget()
        away.rename(file)
        page.wait_for("trouble", lambda told: not told["problem"], SLOW)
        changed = page.client.call("viewer-profiles:update", {**update, "updates": {"notes": "kept"}}, timeout=10)
        assert changed["data"]["notes"] == "kept"


def test_a_file_that_is_replaced_is_left_whole_and_both_ask_to_be_started_anew(
    house: House, file: Path, figure: Callable[[str], None]
) -> None:
    other = made(file.with_name("other.db"))
    house.twitch.say("lena", "said before")
    wait_until(lambda: "said before" in said_in(file), "it is stored", SLOW)
    assert house.track("before") == 201
    kept = file.with_name("kept.db")
    kept.hardlink_to(file)
    other.replace(file)
    began = time.monotonic()
    assert house.end() == [STARTS_ANEW, STARTS_ANEW]
    figure(f"{time.monotonic() - began:.2f} s until both have seen that the file was replaced, and ended")
    for running in (house.collector, house.web):
        assert running.log.count("ending, to be started anew: the database file was replaced by another") == 1
    assert (said_in(kept), tracked_in(kept)) == (["said before"], ["before"]), (
        "all that was committed is in the old file"
    )
    assert (said_in(file), tracked_in(file)) == ([], [])
    assert is_whole(kept)
    assert is_whole(file)


def test_when_a_newer_program_has_upgraded_the_database_the_old_one_ends_and_then_refuses(
    house: House, program: Program, file: Path, figure: Callable[[str], None]
) -> None:
    with sqlite3.connect(file, timeout=SLOW) as plain:
        plain.execute("UPDATE alembic_version SET version_num = '9999'")
    plain.close()
    began = time.monotonic()
    assert house.end() == [STARTS_ANEW, STARTS_ANEW]
    figure(f"{time.monotonic() - began:.2f} s until both have seen a newer version's database, and ended")
    assert "the database's schema became 9999" in house.collector.log
    ended = program.run("app.py", DATABASE_URL=f"sqlite:///{file}", PORT="0")
    assert (ended.returncode, len(ended.stderr.splitlines())) == (2, 1)
    assert "was written by a newer StreamPulse" in ended.stderr


def test_a_database_that_others_keep_locked_is_told_and_nothing_is_lost(
    house: House, file: Path, figure: Callable[[str], None]
) -> None:
    with sqlite3.connect(file, isolation_level=None) as lock:
        lock.execute("BEGIN IMMEDIATE")
        house.twitch.say("lena", "said meanwhile")
        assert house.track("meanwhile") == 503
        assert_it_is_told(house, "the database is locked by another program")
        lock.execute("ROLLBACK")
    lock.close()
    figure(f"{until_well(house, file):.2f} s until all is well after a lock")
    assert_nothing_was_lost(house, file)


@pytest.mark.parametrize("process", ["collector", "web"])
def test_either_process_brings_a_long_log_into_the_file_and_has_it_begin_anew(
    program: Program, file: Path, process: str
) -> None:
    url, log = f"sqlite:///{file}", file.with_name(f"{file.name}-wal")
    with closing(Database(url)) as database, TwitchServer() as twitch:
        own = {"CHANNEL": "lena", "TWITCH_IRC_URL": twitch.irc_url, "TWITCH_VALIDATE_URL": twitch.validate_url}
        with program.collector(url, **own) if process == "collector" else program.web(url) as running:
            if process == "collector":
                running.wait_for_log("Reading Twitch channel lena", SLOW)
            fill(database, 1)
            first = salt(log)
            fill(database, DUE_PAGES)
            wait_until(lambda: b"CREATE TABLE filled" in file.read_bytes(), "what was written is in the file", SLOW)
            wait_until(lambda: fill(database, 500) or salt(log) != first, "the log begins anew", SLOW)
            assert running.stop(timeout=SLOW) == 0
    assert not log.exists()
    assert is_whole(file)


def fill(database: Database, pages: int) -> None:
    """Writes so many pages, in transactions of some hundred."""
    with database.writing() as connection:
        connection.exec_driver_sql("CREATE TABLE IF NOT EXISTS filled (at INTEGER PRIMARY KEY, what BLOB)").close()
    for begun in range(0, pages, 500):
        with database.writing() as connection:
            connection.exec_driver_sql(
                "INSERT INTO filled (what) WITH RECURSIVE"
                f" n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {min(500, pages - begun)})"
                " SELECT zeroblob(4000) FROM n"
            ).close()


def salt(log: Path) -> bytes:
    """Another one whenever SQLite's log begins anew."""
    with log.open("rb") as file:
        return file.read(24)[16:]


def test_files_that_nobody_may_write_any_more_are_told_and_nothing_is_lost(
    house: House, file: Path, figure: Callable[[str], None]
) -> None:
    # Not `-shm`: it is in the memory of processes, and the system kills with SIGBUS who writes there.
    with unwritable(file, file.with_name(f"{file.name}-wal")):
        house.twitch.say("lena", "said meanwhile")
        assert house.track("meanwhile") == 503
        assert_it_is_told(house, "disk I/O error")
    figure(f"{until_well(house, file):.2f} s until all is well after files that nobody may write")
    assert_nothing_was_lost(house, file)


@contextmanager
def unwritable(*files: Path) -> Iterator[None]:
    """Not even for root, nor for who has opened them already."""
    if shutil.which("chattr") is None or subprocess.run(["chattr", "+i", *files], capture_output=True).returncode:
        pytest.skip("only root may make files unwritable, and not on every disk")
    try:
        yield
    finally:
        subprocess.run(["chattr", "-i", *files], check=True)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of eight megabytes."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "none", disk], capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip("only root may mount a small disk")
    yield disk
    subprocess.run(["umount", "--lazy", disk], check=True)


@pytest.fixture
def file_on_small_disk(small_disk: Path) -> Path:
    return made(small_disk / "streampulse.db")


def test_a_full_disk_is_told_and_nothing_is_lost(
    program: Program, file_on_small_disk: Path, figure: Callable[[str], None]
) -> None:
    file, filler = file_on_small_disk, file_on_small_disk.with_name("filler")
    with house_on(program, file) as house:
        with filler.open("wb", buffering=0) as taking, pytest.raises(OSError, match="No space left"):
            while True:
                taking.write(bytes(4_096))
        number = 0
        while (status := house.track(f"filling {number}")) == 201:  # until the log has no room left
            number += 1
        assert status == 503
        house.twitch.say("lena", "said meanwhile")
        assert_it_is_told(house, "the disk is full")
        filler.unlink()
        figure(f"{until_well(house, file):.2f} s until all is well after a full disk")
        assert_nothing_was_lost(house, file, *(f"filling {one}" for one in range(number)))


def assert_it_is_told(house: House, trouble: str) -> None:
    told = f"nothing can be written: {trouble}"
    wait_until(lambda: told in house.health().json()["problems"], told, SLOW)
    assert house.health().status_code == 200, "pages are served"
    assert httpx.get(f"{house.web.url}/api/stats", timeout=SLOW).status_code == 200
    house.collector.wait_for_log("cannot write", SLOW)


def until_well(house: House, file: Path) -> float:
    """The seconds until "said meanwhile" is stored, and /health is content."""
    began = time.monotonic()
    wait_until(lambda: "said meanwhile" in said_in(file), "what was said is stored", SLOW)
    wait_until(lambda: house.health().json()["status"] == "ok", "all is well", SLOW)
    return time.monotonic() - began


def assert_nothing_was_lost(house: House, file: Path, *acknowledged: str) -> None:
    """After a trouble in which "meanwhile" was refused, and "said meanwhile" was said."""
    assert house.track("after") == 201
    assert tracked_in(file) == [*acknowledged, "after"]
    assert house.collector.stop(timeout=SLOW) == house.web.stop(timeout=SLOW) == 0
    assert len(house.collector.log.splitlines()) < 30
    assert len(house.web.log.splitlines()) < 30
    assert is_whole(file)


def test_a_file_that_may_only_be_read_is_refused_by_the_collector_in_one_line(program: Program, file: Path) -> None:
    copy = shutil.copy(file, file.with_name("copy.db"))
    ended = program.run("collector.py", DATABASE_URL=f"sqlite:///file:{copy}?mode=ro&uri=true", CHANNEL="lena")
    assert (ended.returncode, len(ended.stderr.splitlines())) == (2, 1), ended.stderr
    assert "the database file is read-only" in ended.stderr


def test_a_web_process_on_a_file_that_may_only_be_read_serves_pages_and_says_that_it_stores_nothing(
    program: Program, file: Path
) -> None:
    with (
        program.web(f"sqlite:///file:{file}?mode=ro&uri=true", changed=LOOKS_OFTEN, TRACK_KEY=KEY) as web,
        httpx.Client(base_url=web.url, headers={"X-Track-Key": KEY}, timeout=SLOW) as client,
    ):
        assert client.get("/api/stats").status_code == 200
        refused = client.post("/track", json=VIEW)
        assert (refused.status_code, refused.json()["error"]) == (
            503,
            "Nothing was stored: the database file is read-only, or its folder is",
        )
        for _ in range(2):
            told = client.get("/health").json()
            assert (told["status"], told["problems"][0]) == (
                "degraded",
                "nothing can be written: the database file is read-only, or its folder is",
            )
            time.sleep(0.3)  # longer than between two looks of the chores, and shorter than between two tries
        assert web.log.count("the database file is read-only") == 1
        assert "takes orders again" not in web.log
        assert web.stop(timeout=SLOW) == 0
    assert tracked_in(file) == []
