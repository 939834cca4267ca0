"""GET /health in every condition, and GET /metrics as Prometheus reads it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from prometheus_client.parser import text_string_to_metric_families

from core.clock import SECOND_MS, now_ms
from core.db import Database
from core.events import Platform, SourceState, SourceStatus
from core.version import VERSION
from ingest import coverage
from ingest.batch import Memory
from models import SCHEMA_REVISION
from tests.web.conftest import API_TOKEN, OVERLAY_TOKEN, PASSWORD, Stage
from web.schemas import HealthAnswer


def health(client: httpx.Client, status: int = 200) -> dict:
    response = client.get("/health")
    assert response.status_code == status, response.text
    answer = response.json()
    assert HealthAnswer.model_validate(answer, strict=True, extra="forbid")
    return answer


def beat(database: Database, seconds_ago: float = 0, **detail: object) -> None:
    with database.writing() as connection:
        coverage.beat(connection, "collector", now_ms() - round(seconds_ago * SECOND_MS), json.dumps(detail))


def tell(database: Database, channel: str, state: SourceState, detail: str = "") -> None:
    with database.writing() as connection:
        coverage.record(connection, [SourceStatus(Platform.TWITCH, channel, state, now_ms(), detail)], Memory())


@contextmanager
def damaged(database: Database) -> Iterator[None]:
    """As after a fault of the disk: every page of the file is nonsense, until it is mended."""
    file = Path(database.url.database or "")
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    whole = file.read_bytes()
    beat(database)  # makes the web process forget the pages that it has read before
    with file.open("r+b") as open_file:
        open_file.write(b"nonsense" * (len(whole) // 8))
    try:
        yield
    finally:
        with file.open("r+b") as open_file:
            open_file.write(whole)
        beat(database)


def test_a_collector_that_never_ran_is_said(alone):
    client = alone.client
    answer = health(client)
    assert (answer["status"], answer["problems"]) == ("degraded", ["the collector has never run"])
    assert answer["collector"] == {"running": False}
    assert answer["last_event_age_seconds"] is None


def test_all_is_well_while_the_collector_beats_and_its_sources_are_connected(alone):
    client, database, _ = alone
    beat(database, stored=12, queued=0, last_commit_ms=1.5)
    tell(database, "lena", SourceState.CONNECTED)
    answer = health(client)
    assert (answer["status"], answer["problems"]) == ("ok", [])
    assert (answer["version"], answer["schema_revision"], answer["database"]) == (VERSION, SCHEMA_REVISION, "sqlite")
    assert answer["collector"]["running"] is True
    assert answer["collector"]["stored"] == 12
    assert answer["lag_ms"] == 1.5
    assert [(source["name"], source["state"]) for source in answer["sources"]] == [("lena", "connected")]


def test_a_collector_without_a_sign_of_life_degrades_but_the_web_process_serves(alone):
    client, database, _ = alone
    tell(database, "lena", SourceState.CONNECTED)
    beat(database, seconds_ago=42)
    answer = health(client)
    assert answer["status"] == "degraded"
    assert answer["problems"] == ["the collector gave no sign of life for 42 s"]
    assert [(s["state"], s["detail"]) for s in answer["sources"]] == [("stopped", "the collector is not running")]
    assert client.get("/api/stats").status_code == 200


def test_a_source_in_trouble_degrades_and_is_named(alone):
    client, database, _ = alone
    beat(database)
    tell(database, "lena", SourceState.WAITING, "connection lost")
    assert health(client)["problems"] == ["twitch/lena: waiting: connection lost"]
    tell(database, "lena", SourceState.CONNECTED)
    assert health(client)["status"] == "ok"


def test_a_queue_that_grows_degrades(alone):
    client, database, _ = alone
    beat(database, queued=10_001)
    assert health(client)["problems"] == ["10001 events wait to be written"]


def test_it_says_down_while_the_database_cannot_be_read_and_recovers_with_it(alone):
    client, database, _ = alone
    beat(database)
    with damaged(database):
        answer = health(client, status=503)
        assert answer["status"] == "down"
        assert answer["problems"] == ["database: the file is not a SQLite database"]
        assert (answer["sources"], answer["collector"], answer["lag_ms"]) == ([], {}, None)
        stats = client.get("/api/stats")
        assert stats.status_code == 503
        assert stats.json()["success"] is False
        assert int(stats.headers["retry-after"]) > 0
        metrics = {family.name: family for family in text_string_to_metric_families(client.get("/metrics").text)}
        assert metrics["streampulse_database_up"].samples[0].value == 0
    assert health(client)["status"] == "ok"
    assert client.get("/api/stats").status_code == 200


def test_it_is_open_without_login_and_says_nothing_secret(locked_stage: Stage):
    with locked_stage.client() as stranger:
        response = stranger.get("/health")
    assert response.status_code == 200
    assert HealthAnswer.model_validate(response.json(), strict=True, extra="forbid")
    told = response.text
    for secret in (PASSWORD, API_TOKEN, OVERLAY_TOKEN, "admin", "sqlite://", "/", ".db"):
        assert secret not in told.replace("Asia/Kolkata", "")


def test_it_never_lies_in_a_cache(client):
    assert client.get("/health").headers["cache-control"] == "no-store"


def test_metrics_are_what_prometheus_reads(stage: Stage, client):
    stage.source("metered")
    stage.chat("metered", "one", "two")
    client.get("/api/stats", params={"minutes": "x"})
    response = client.get("/metrics")
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/plain")
    families = {family.name: family for family in text_string_to_metric_families(response.text)}
    assert {
        "streampulse_http_requests",
        "streampulse_http_request_seconds",
        "streampulse_socket_clients",
        "streampulse_socket_pushes",
        "streampulse_database_up",
        "streampulse_messages",
        "streampulse_source_up",
        "streampulse_collector_heartbeat_age_seconds",
        "streampulse_collector_stored",
        "streampulse_collector_dropped",
        "streampulse_last_event_age_seconds",
        "streampulse_build_info",
        "process_resident_memory_bytes",
    } <= families.keys()
    for name, family in families.items():
        assert family.documentation.endswith("."), f"{name}: {family.documentation}"
        assert not name.endswith(("_created", "_ms")), name

    def value(name: str, **labels: str) -> float:
        samples = families[name.removesuffix("_total")].samples
        return next(s.value for s in samples if s.name == name and labels.items() <= s.labels.items())

    assert value("streampulse_messages_total", platform="twitch", channel="metered") == 2
    assert value("streampulse_source_up", channel="metered") == 1
    assert value("streampulse_http_requests_total", endpoint="live.stats", status="422") >= 1
    assert value("streampulse_database_up") == 1


def test_metrics_measure_in_seconds_and_say_what_runs(alone):
    client, database, _ = alone
    beat(database, seconds_ago=2, stored=12, last_commit_ms=1.5)
    samples = {
        sample.name: sample
        for family in text_string_to_metric_families(client.get("/metrics").text)
        for sample in family.samples
    }
    assert samples["streampulse_collector_last_commit_seconds"].value == 0.0015
    assert 2 <= samples["streampulse_collector_heartbeat_age_seconds"].value < 60
    build = samples["streampulse_build_info"]
    assert build.labels == {"version": VERSION, "schema_revision": SCHEMA_REVISION, "database": "sqlite"}


def test_paths_that_are_not_there_do_not_multiply_the_metrics(client):
    for number in range(5):
        client.get(f"/nowhere/{number}")
    told = client.get("/metrics").text
    assert "nowhere" not in told
    assert 'endpoint="none",status="404"' in told
