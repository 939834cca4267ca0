"""Whether it runs: GET /health for people and load balancers, GET /metrics for Prometheus."""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import cache
from typing import Any

from apiflask import APIBlueprint
from flask import Flask, Response, current_app, g, jsonify, request
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Info,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from sqlalchemy.exc import DBAPIError

from analytics import health as questions
from core.clock import now_ms
from core.db import why_unusable
from core.version import VERSION
from web.schemas import HealthAnswer
from web.services import Services, services

bp = APIBlueprint("health", __name__, tag="Operations")
STARTED_AT = time.monotonic()

IS_DOWN = {
    "description": "The database cannot be read: `status` is `down`",
    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/HealthAnswer"}}},
}
IN_PROMETHEUS_FORMAT = {
    "description": "Counters and gauges",
    "content": {"text/plain": {"schema": {"type": "string"}}},
}

disable_created_metrics()  # in this format they double every counter, and nothing reads them
registry = CollectorRegistry()
ProcessCollector(registry=registry)  # memory, computing and open files of the web process, where the system tells them
BUILD = Info("streampulse_build", "What runs: version, revision of the schema and kind of database.", registry=registry)
REQUESTS = Counter(
    "streampulse_http_requests", "Requests answered, by endpoint and status.", ["endpoint", "status"], registry=registry
)
LATENCY = Histogram(
    "streampulse_http_request_seconds",
    "Time to answer a request, in seconds, by endpoint.",
    ["endpoint"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0),
    registry=registry,
)
CLIENTS = Gauge("streampulse_socket_clients", "Dashboards and overlays that are connected.", registry=registry)
PUSHES = Counter(
    "streampulse_socket_pushes",
    "Messages pushed over Socket.IO, by event, each once however many listen.",
    ["event"],
    registry=registry,
)


@bp.get("/health")
@bp.output(HealthAnswer, description="It runs; `status` and `problems` tell how well")
@bp.doc(summary="Health", responses={503: IS_DOWN})
def health() -> Response:
    at = services()
    about = {
        "version": VERSION,
        "schema_revision": at.schema_revision,
        "database": at.database.backend,
        "web": {"uptime_seconds": round(time.monotonic() - STARTED_AT, 1), "clients": int(CLIENTS._value.get())},
    }
    try:
        with at.database.reading() as connection:
            found = questions.condition(connection, now_ms(), at.settings.zone)
    except DBAPIError as error:
        problems = [f"database: {why_unusable(error)}"]
        nothing: dict[str, Any] = {"last_event_age_seconds": None, "lag_ms": None, "sources": [], "collector": {}}
        down = jsonify(status="down", problems=problems, **about, **nothing)
        down.status_code = 503
        return down
    problems = [*_problems_of_writing(), *found.problems, *_problems_of_the_voice_room()]
    return jsonify(
        status="degraded" if problems else "ok",
        problems=problems,
        last_event_age_seconds=found.last_event_age_seconds,
        lag_ms=found.collector.get("last_commit_ms"),
        sources=found.sources,
        collector=found.collector,
        **about,
    )


def _problems_of_writing() -> list[str]:
    """Pages are served all the while; what is sent to be stored is refused, and the collector keeps what it hears."""
    words = current_app.extensions["orders"].problem
    return [f"nothing can be written: {words}"] if words else []


def _problems_of_the_voice_room() -> list[str]:
    words = current_app.extensions["voice"].problem
    return [f"voice room: {words}"] if words else []


@bp.get("/metrics")
@bp.doc(
    summary="Prometheus metrics",
    security="bearer",
    responses={200: IN_PROMETHEUS_FORMAT, 401: "Unauthorized", 403: "Forbidden"},
)
def metrics() -> Response:
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


class DatabaseMetrics:
    """Reads, at each scrape, what the collector has written: its counters, sources and totals."""

    def __init__(self, at: Services) -> None:
        self._at = at

    def collect(self) -> Iterator[Metric]:
        up = GaugeMetricFamily("streampulse_database_up", "1 while the database can be read, else 0.")
        try:
            with self._at.database.reading() as connection:
                found = questions.condition(connection, now_ms(), self._at.settings.zone)
                totals = questions.totals(connection)
        except DBAPIError:
            up.add_metric([], 0)
            yield up
            return
        up.add_metric([], 1)
        yield up
        messages = CounterMetricFamily(
            "streampulse_messages", "Chat messages stored, by platform and channel.", labels=["platform", "channel"]
        )
        for platform, channel, count in totals:
            messages.add_metric([platform, channel], count)
        yield messages
        source_up = GaugeMetricFamily(
            "streampulse_source_up", "1 while a channel is connected, else 0.", labels=["platform", "channel"]
        )
        for source in found.sources:
            source_up.add_metric([source["platform"], source["name"]], source["state"] == "connected")
        yield source_up
        if found.last_event_age_seconds is not None:
            text = "Time since the newest event of any channel, in seconds."
            yield GaugeMetricFamily("streampulse_last_event_age_seconds", text, value=found.last_event_age_seconds)
        yield from self._collector(found.collector)

    @staticmethod
    def _collector(told: dict[str, Any]) -> Iterator[Metric]:
        gauges = {
            "heartbeat_age_seconds": "Time since the collector's last sign of life, in seconds.",
            "queued": "Events that wait to be written.",
        }
        counters = {
            "stored": "Events stored since the collector started.",
            "batches": "Transactions that stored events.",
            "retries": "Commits that were tried again.",
        }
        for name, text in gauges.items():
            if name in told:
                yield GaugeMetricFamily(f"streampulse_collector_{name}", text, value=told[name])
        if "last_commit_ms" in told:
            text, seconds = "How long the last commit took, in seconds.", told["last_commit_ms"] / 1000
            yield GaugeMetricFamily("streampulse_collector_last_commit_seconds", text, value=seconds)
        for name, text in counters.items():
            if name in told:
                yield CounterMetricFamily(f"streampulse_collector_{name}", text, value=told[name])
        dropped = CounterMetricFamily(
            "streampulse_collector_dropped", "Events that were not stored, by reason.", labels=["reason"]
        )
        for reason, count in told.get("dropped", {}).items():
            dropped.add_metric([reason], count)
        yield dropped
        read = CounterMetricFamily(
            "streampulse_source_counts",
            "What sources read and skipped, by source and what it was.",
            labels=["source", "what"],
        )
        for source, counts in told.get("sources", {}).items():
            for what, count in counts.items():
                read.add_metric([source, what], count)
        yield read


def register(app: Flask, at: Services) -> None:
    """Counts requests of ``app`` and answers scrapes from the database of ``at``."""
    for known in list(registry._collector_to_names):
        if isinstance(known, DatabaseMetrics):
            registry.unregister(known)
    registry.register(DatabaseMetrics(at))
    BUILD.info({"version": VERSION, "schema_revision": at.schema_revision, "database": at.database.backend})

    @app.before_request
    def start_clock() -> None:
        g.started_at = time.perf_counter()

    @app.after_request
    def count_request(response: Response) -> Response:
        began = g.get("started_at", time.perf_counter())
        count_answer(request.endpoint or "none", response.status_code, time.perf_counter() - began)
        return response


def count_answer(endpoint: str, status: int, seconds: float) -> None:
    requests, latency = _meters(endpoint, status)
    requests.inc()
    latency.observe(seconds)


@cache
def _meters(endpoint: str, status: int) -> tuple[Counter, Histogram]:
    """Found once for each pair: there are as many as routes and ways to answer."""
    return REQUESTS.labels(endpoint, str(status)), LATENCY.labels(endpoint)
