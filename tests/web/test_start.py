"""How the web process starts, and every reason for which it refuses to: one line, a code, no traceback."""

from __future__ import annotations

import socket
import sqlite3
import stat
from collections.abc import Iterator

import httpx
import pytest

from tests.processes import Program, Refusals, WebProcess
from tests.web.conftest import PASSWORD


@pytest.fixture(scope="module")
def program(program: Program) -> Program:
    return Program(program.folder)  # each of its processes is started by itself


@pytest.fixture(scope="module")
def refusal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Refusals]:
    with Refusals(Program.copied_to(tmp_path_factory.mktemp("refusing")), "app") as refusal:
        yield refusal


def test_a_refusal_is_one_line_on_standard_error_and_exit_code_2(program, new_database_url):
    ended = program.run("app.py", DATABASE_URL=new_database_url(), HOST="0.0.0.0")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == "app.py: HOST: 0.0.0.0 is reachable from outside; set DASHBOARD_PASSWORD first\n"


def test_what_nobody_asks_for_is_not_imported(program, new_database_url):
    ended = program.run("-X", "importtime", "app.py", DATABASE_URL=new_database_url(), HOST="0.0.0.0")
    imported = {line.rpartition("|")[2].strip() for line in ended.stderr.splitlines()}
    assert "socketio.redis_manager" in imported
    assert not imported & {"redis.client", "aiohttp.client", "requests.models", "websocket._core"}


@pytest.mark.parametrize("host", ["::", "192.0.2.7", "stream.example"])
def test_without_a_password_no_other_address_is_bound(refusal, new_database_url, host):
    line = refusal(DATABASE_URL=new_database_url(), HOST=host)
    assert line == f"HOST: {host} is reachable from outside; set DASHBOARD_PASSWORD first"


@pytest.mark.parametrize(
    ("name", "value"),
    [("PORT", "70000"), ("PORT", "http"), ("TIMEZONE", "Mars/Olympus"), ("CURRENCY", "dollars"), ("LOG_LEVEL", "loud")],
)
def test_a_wrong_setting_is_named(refusal, name, value):
    assert refusal(**{name: value}).startswith(f"{name}: ")


def test_a_wrong_secret_is_not_printed(refusal, new_database_url):
    line = refusal(DATABASE_URL=new_database_url(), DASHBOARD_PASSWORD=PASSWORD, PORT="70000")
    assert PASSWORD not in line


def test_secrets_that_can_be_guessed_are_told_at_the_start_and_not_shown(program, new_database_url):
    weak = {"DASHBOARD_PASSWORD": "hunter2", "SECRET_KEY": "zz", "API_TOKEN": "qqqqqqqqqqqqqqqqqqqq"}
    with program.web(new_database_url(), **weak, OVERLAY_TOKEN="nobody guesses this one") as web:
        told = [line.partition("msg=")[2] for line in web.log.splitlines() if "level=warning" in line]
    assert [line.split()[0].strip('"') for line in told if "can be guessed" in line] == list(weak)
    assert not any(secret in web.log for secret in weak.values())


def test_a_file_of_secrets_that_others_can_read_is_told(tmp_path, new_database_url):
    program = Program.copied_to(tmp_path)
    file = tmp_path / ".env"
    file.write_text(f"DASHBOARD_PASSWORD={PASSWORD}\n")
    for mode, is_told in ((0o644, True), (0o600, False)):
        file.chmod(mode)
        with program.web(new_database_url()) as web:
            assert ("chmod 600 .env" in web.log) is is_told
            assert httpx.get(f"{web.url}/api/stats").status_code == 401, "it was read"


@pytest.mark.parametrize("url", ["nonsense", "mysql://user:hunter2@host/db", "sqlite", "postgresql://:hunter2@:x/db"])
def test_an_address_that_is_no_databases_is_named_without_its_password(refusal, url):
    line = refusal(DATABASE_URL=url)
    assert line.startswith("DATABASE_URL: ")
    assert "hunter2" not in line


def test_a_database_file_that_cannot_be_opened_is_named(refusal):
    assert "sqlite:////nowhere/at/all.db: the database file cannot be opened" in refusal(
        DATABASE_URL="sqlite:////nowhere/at/all.db"
    )


def test_a_database_without_schema_is_refused_with_the_command_that_makes_it(refusal, tmp_path):
    assert "run `python init_db.py`" in refusal(DATABASE_URL=f"sqlite:///{tmp_path / 'none.db'}")


def test_a_database_of_a_newer_program_is_refused(refusal, new_database_url):
    url = new_database_url()
    with sqlite3.connect(url.removeprefix("sqlite:///")) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    assert "newer StreamPulse (schema 9999" in refusal(DATABASE_URL=url)


def test_a_file_that_is_no_database_is_refused(refusal, tmp_path):
    file = tmp_path / "letter.db"
    file.write_text("Dear Lena, this is not a database at all. " * 50)
    assert "not a SQLite database" in refusal(DATABASE_URL=f"sqlite:///{file}")


def test_a_database_that_another_program_keeps_to_itself_is_refused(refusal, new_database_url):
    url = new_database_url()
    other = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
    other.execute("PRAGMA locking_mode = EXCLUSIVE")
    other.execute("BEGIN EXCLUSIVE")
    try:
        assert "locked by another program" in refusal(DATABASE_URL=url)
    finally:
        other.close()


def test_a_port_in_use_is_said(refusal, new_database_url):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        line = refusal(code=1, DATABASE_URL=new_database_url(), PORT=str(port))
    assert line == f"PORT: port {port} is taken: is StreamPulse running already? Another one: PORT={port + 1}"


def test_an_address_that_is_not_ours_is_said(refusal, new_database_url):
    line = refusal(code=1, DATABASE_URL=new_database_url(), HOST="192.0.2.7", DASHBOARD_PASSWORD=PASSWORD)
    assert line == "HOST: 192.0.2.7 is no address of this machine"


def test_a_name_of_no_machine_is_said(refusal, new_database_url):
    line = refusal(code=1, DATABASE_URL=new_database_url(), HOST="nowhere.invalid", DASHBOARD_PASSWORD=PASSWORD)
    assert line == "HOST: there is no machine called nowhere.invalid"


@pytest.mark.parametrize(("option", "code"), [("--help", 0), ("--port=80", 2)])
def test_an_option_is_answered_and_starts_no_server(program, new_database_url, option, code):
    ended = program.run("app.py", option, DATABASE_URL=new_database_url())
    assert ended.returncode == code
    assert "settings are in .env" in ended.stdout if code == 0 else "unrecognized arguments" in ended.stderr


@pytest.fixture(scope="module")
def bare(new_database_url, tmp_path_factory) -> Iterator[WebProcess]:
    """As after a ``git clone`` without set-up, with a ``.env``."""
    here = Program.copied_to(tmp_path_factory.mktemp("bare"))
    (here.folder / ".env").write_text("TIMEZONE=America/Lima\nCURRENCY=PEN\n")
    (here.folder / "static" / "vendor" / ".complete").unlink()
    with here.web(new_database_url(), CURRENCY="EUR") as web:
        yield web


def test_the_env_file_is_read_and_the_environment_wins(bare):
    answer = httpx.get(f"{bare.url}/api/stats").json()
    assert (answer["zone"], answer["earned"]["currency"]) == ("America/Lima", "EUR")


def test_missing_front_end_packages_name_the_command_that_fetches_them(bare):
    assert "run bin/setup" in bare.log
    page = httpx.get(bare.url, headers={"Accept": "text/html"})
    assert page.status_code == 503
    assert "bin/setup" in page.text


FOR_PROGRAMS = [
    *("/api/stats", "/api/streams", "/health", "/metrics", "/openapi.json", "/peerjs/peers"),
    *("/events", "/stats", "/funnel-analysis", "/user-segmentation", "/anomalies", "/user-activity", "/user-patterns"),
]


@pytest.mark.parametrize("path", FOR_PROGRAMS)
def test_programs_do_not_need_the_front_end_packages(bare, path):
    assert httpx.get(f"{bare.url}{path}").status_code == 200


def test_every_page_needs_the_front_end_packages(bare):
    for page in (
        "",
        "viewers",
        "store",
        "revenue",
        "library",
        "voice",
        "settings",
        "streams",
        "overlay",
        "docs",
        "login",
    ):
        assert httpx.get(f"{bare.url}/{page}").status_code == 503, page


# --- the secret that signs sessions ---


def log_in(url: str) -> str:
    """The session cookie of the owner."""
    answer = httpx.post(f"{url}/login", data={"username": "admin", "password": PASSWORD}, timeout=20)
    assert answer.status_code == 302, answer.text
    return answer.headers["set-cookie"].split(";")[0]


def is_logged_in(url: str, cookie: str) -> bool:
    response = httpx.get(f"{url}/api/stats", headers={"Cookie": cookie}, timeout=20)
    assert response.status_code in (200, 401)
    return response.status_code == 200


def test_the_secret_is_made_once_for_its_owner_only_and_sessions_outlive_a_restart(new_database_url, tmp_path):
    here = Program.copied_to(tmp_path / "program")
    file, url = here.folder / ".secret_key", new_database_url()
    with here.web(url, DASHBOARD_PASSWORD=PASSWORD) as web:
        cookie = log_in(web.url)
        assert is_logged_in(web.url, cookie)
        secret = file.read_text()
        assert len(secret) == 64
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert secret not in web.log
    file.chmod(0o644)
    with here.web(url, DASHBOARD_PASSWORD=PASSWORD) as web:
        assert is_logged_in(web.url, cookie)
        assert file.read_text() == secret
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, "open to others it is closed again"
    with here.web(url, DASHBOARD_PASSWORD="another pass phrase") as web:
        assert not is_logged_in(web.url, cookie), "a new password ends all sessions"


@pytest.mark.parametrize("content", ["", "\n", "short"])
def test_a_secret_file_that_holds_no_secret_is_refused(refusal, new_database_url, content):
    file = refusal.folder / ".secret_key"
    file.write_text(content)
    try:
        line = refusal(DATABASE_URL=new_database_url(), DASHBOARD_PASSWORD=PASSWORD)
    finally:
        file.unlink()
    assert line == f"SECRET_KEY: {file} holds no secret; delete the file, and a new one is made"


def test_a_secret_that_cannot_be_kept_is_said(refusal, new_database_url):
    file = refusal.folder / ".secret_key"
    file.mkdir()
    try:
        line = refusal(DATABASE_URL=new_database_url(), DASHBOARD_PASSWORD=PASSWORD)
    finally:
        file.rmdir()
    assert line == f"SECRET_KEY: {file} cannot be used: Is a directory"
