"""Passwords inside DATABASE_URL and REDIS_URL, with servers that refuse, vanish or were never there: none is told."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from core.db import Database
from init_db import upgrade
from tests.processes import Program
from tests.servers import NoServer, PostgresServer, RedisServer

DATABASE, REDIS = "zzq-database-71c0", "zzq-redis-5d2e"
BEARER = {"Authorization": "Bearer zzq-api"}
SETTINGS = {"DASHBOARD_PASSWORD": "a pass phrase", "API_TOKEN": "zzq-api", "LOG_LEVEL": "DEBUG", "DATABASE_WAIT": "1"}
PATHS = ("/health", "/metrics", "/docs", "/openapi.json", "/api/stats", "/", "/settings", "/peerjs/peers", "/nothing")


@pytest.fixture(scope="module")
def told(program: Program) -> Iterator[dict[str, str]]:
    """All that was said and logged, by what it was."""
    found: dict[str, str] = {}
    try:
        postgres, redis = PostgresServer(), RedisServer()
    except NoServer as error:
        pytest.skip(str(error))
    with postgres, redis:
        url = postgres.new_database().replace("let-me-in", DATABASE)
        made = Database(url)
        upgrade(made)
        made.close()
        address = redis.url.replace("redis://", f"redis://:{REDIS}@")  # it asks for none, and refuses one
        with (
            program.web(url, REDIS_URL=address, **SETTINGS) as web,
            program.collector(url, "--demo", **SETTINGS) as collector,
        ):
            collector.wait_for_log("collects into")
            ask(web.url, found, "with a Redis that refuses")
            redis.kill()
            ask(web.url, found, "without Redis")
            postgres.kill()
            ask(web.url, found, "without a database")
            collector.wait_for_log("cannot write")
            assert "no database server answers" in found["/health, without a database"]
            never_there(program, url, address, found)
            for running in (web, collector):
                running.stop(timeout=60)
            found |= {"the web's log": web.log, "the collector's log": collector.log}
    yield found


def ask(url: str, found: dict[str, str], when: str) -> None:
    with httpx.Client(base_url=url, headers=BEARER, timeout=60) as client:
        for path in PATHS:
            answer = client.get(path)
            found[f"{path}, {when}"] = f"{answer.headers}\n{answer.text}"
        form = {"username": "admin", "password": "wrong"}
        found[f"login, {when}"] = client.post("/login", data=form).text


def never_there(program: Program, url: str, redis: str, found: dict[str, str]) -> None:
    """A program each is told of a server that does not answer, a host that is none, and an address that is none."""
    addresses = (url, url.replace("127.0.0.1", "nowhere.invalid"), f"postgresql://u:{DATABASE}@[::1:5432/x")
    for name, one in zip(("app.py", "collector.py", "init_db.py"), addresses, strict=True):
        ended = program.run(name, DATABASE_URL=one, REDIS_URL=redis, CHANNEL="lena", PORT="0", **SETTINGS)
        assert ended.returncode == 2
        found[f"{name} with such an address"] = ended.stdout + ended.stderr
    ended = program.run("app.py", REDIS_URL=f"nonsense://:{REDIS}@x:y", DATABASE_URL="sqlite://", PORT="0", **SETTINGS)
    assert ended.returncode == 2
    found["app.py with a REDIS_URL that is none"] = ended.stdout + ended.stderr


@pytest.mark.parametrize("secret", [DATABASE, REDIS])
def test_no_password_of_an_address_is_told(told: dict[str, str], secret: str) -> None:
    assert [what for what, text in told.items() if secret in text] == []
    assert "Traceback" not in told["the web's log"] + told["the collector's log"]
