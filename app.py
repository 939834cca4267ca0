"""The web process: REST, Socket.IO and pages on one gevent server."""

from gevent import events, monkey

events.notify_and_call_entry_points = events.notify  # left to itself it reads 25 times what is installed: 0.1 s
monkey.patch_all()  # before anything else opens a socket or makes a lock

from core.starting import import_without, keep_for_good, leave, start_without_pauses

if __name__ == "__main__":
    start_without_pauses()
    # What python-socketio wants for clients, which nobody here is, takes 13 MB and a quarter of a second; `web.meeting`
    # gives it Redis where it is set.
    import_without("socketio", "aiohttp", "requests", "websocket", "redis")

import argparse
import logging
import signal
import sys
from collections.abc import Sequence
from typing import Any

import gevent
from apiflask import APIFlask
from flask import Flask

from core.config import Settings, SettingsError, is_read_by_others, load_settings
from core.db import Database, DatabaseUnusable, await_server, check_schema, outdated
from core.logs import set_up_logs
from core.version import VERSION
from models import SCHEMA_REVISION
from rules.strength import weaknesses
from web import (
    access,
    accounts,
    addresses,
    attempts,
    auth,
    begun,
    bodies,
    checkpoints,
    chores,
    credentials,
    demo,
    docs,
    document,
    errors,
    headers,
    health,
    joined,
    json_answers,
    kept,
    library,
    library_charts,
    live,
    meeting,
    orders,
    overlay,
    pages,
    parameters,
    retention,
    revenue,
    sales,
    settings_store,
    settings_stream,
    settings_subs,
    sockets,
    store,
    streams,
    this_machine,
    tokens,
    track,
    track_door,
    viewer_boards,
    viewer_exports,
    viewer_imports,
    viewer_orders,
    viewers,
    voice,
    voice_room,
    voice_socket,
)
from web import (
    settings as settings_page,
)
from web.schemas import Problem
from web.server import build_server, drain, why_deaf
from web.services import Services
from web.socket_guard import GuardedSocketIO
from web.websockets import use_own_websocket

log = logging.getLogger("app")

LARGEST_BODY = 1_000_000
GROUND_SECONDS = 1.0  # between two looks whether the database is still the same
STARTS_ANEW = 3  # the exit code that asks systemd, PM2 or a person for that


def create_app(settings: Settings | None = None, database: Database | None = None) -> APIFlask:
    """The Flask application, with the settings and database of the environment unless others are given.

    ``app.extensions`` holds ``streampulse`` (Services), ``socketio`` and ``realtime``. Raises SettingsError and
    DatabaseUnusable.
    """
    settings = settings or load_settings()
    database = database or Database(settings.database_url)
    app = APIFlask(__name__, title="StreamPulse", version=VERSION, docs_path=None, spec_path="/openapi.json")
    app.config.update(
        attempts.limits(settings),
        SECRET_KEY=auth.secret_key(settings),
        MAX_CONTENT_LENGTH=LARGEST_BODY,
        SESSION_COOKIE_NAME="streampulse",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        PERMANENT_SESSION_LIFETIME=30 * 24 * 3600,
        DESCRIPTION=docs.DESCRIPTION,
        SECURITY_SCHEMES=document.SECURITY_SCHEMES,
        HTTP_ERROR_SCHEMA=Problem.model_json_schema(),
        VALIDATION_ERROR_SCHEMA=Problem.model_json_schema(),
    )
    app.json = json_answers.JsonAnswers(app)
    app.request_class = bodies.BoundedRequest
    app.session_interface = auth.Sessions()
    at = Services(settings, database, SCHEMA_REVISION)
    app.extensions["streampulse"] = at
    kept.register(app, database)
    orders.register(app, database)
    credentials.register(app, database)
    chores.register(app, at)
    checkpoints.register(app, database)
    retention.register(app, at)
    track.register(app)
    sales.register(app)
    health.register(app, at)
    app.extensions["voice"] = _voice_room(settings)
    app.before_request(access.guard)
    app.before_request(parameters.refuse_unknown)
    app.after_request(access.no_store)
    app.after_request(access.stay_here)
    errors.register(app)
    attempts.register(app)
    addresses.register(app)
    for part in (
        live,
        streams,
        viewers,
        viewer_boards,
        viewer_orders,
        viewer_exports,
        viewer_imports,
        store,
        track,
        sales,
        revenue,
        library,
        library_charts,
        demo,
        accounts,
        tokens,
        settings_page,
        settings_store,
        settings_stream,
        settings_subs,
        voice,
        voice_socket,
        overlay,
        auth,
        health,
        docs,
        joined,
    ):
        app.register_blueprint(part.bp)
    app.spec_processor(_described)
    pages.register(app, at)
    pages.serve_assets(app)
    _add_socketio(app, at)
    app.wsgi_app = track_door.TrackDoor(app)
    app.wsgi_app = headers.SecurityHeaders(app.wsgi_app)
    if settings.dashboard_password:
        # Without a password a proxied request is refused, so it must stay visible.
        app.wsgi_app = this_machine.LocalProxy(app.wsgi_app)
    known = app.extensions["credentials"]
    app.wsgi_app = kept.KeptResponses(app.wsgi_app, database, known, health.count_answer)
    return app


def _voice_room(settings: Settings) -> voice_room.Room:
    if not settings.redis_url:
        return voice_room.Room(voice_room.LIMITS, None)
    from web.voice_redis import RedisSeats  # its library only where it is wanted

    return voice_room.Room(voice_room.LIMITS, RedisSeats(settings.redis_url, voice_room.LIMITS))


def _described(told: dict[str, Any]) -> dict[str, Any]:
    """The API document with what no schema of ours says."""
    for part in (viewer_exports, viewer_imports, track, sales, demo, attempts, parameters, document):
        told = part.describe(told)
    return told


def _add_socketio(app: Flask, at: Services) -> None:
    socketio = GuardedSocketIO(
        app,
        async_mode="gevent",
        cors_allowed_origins=None,  # the same origin only
        cors_credentials=False,
        client_manager=meeting.manager(at.settings.redis_url),
        max_http_buffer_size=100_000,
        serve_client=False,
        ping_interval=25,
        ping_timeout=20,
        # Left to themselves they add handlers of their own, and every line comes twice.
        logger=logging.getLogger("socketio"),
        engineio_logger=logging.getLogger("engineio"),
    )
    use_own_websocket(socketio.server.eio)
    begun.limit(socketio.server.eio, socketio.has_let_in)
    app.extensions["realtime"] = sockets.register(app, socketio, at)


def serve(app: Flask, host: str, port: int) -> str:
    """Serves until SIGINT or SIGTERM, then drains; or until its database is another, and answers how."""
    engine = app.extensions["socketio"].server.eio
    server = build_server(host, port, app, log)
    running = [
        gevent.spawn(app.extensions[name].follow)
        for name in ("realtime", "chores", "checkpoints", "voice", "retention")
    ]
    server.start()
    shown_host = f"[{host}]" if ":" in host else host
    log.info("StreamPulse %s is listening on http://%s:%d", VERSION, shown_host, server.server_port)
    stopping = gevent.event.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        gevent.signal_handler(number, stopping.set)
    ground = gevent.spawn(_stand, app.extensions["streampulse"].database)
    ground.link_value(lambda _: stopping.set())
    stopping.wait()
    log.info("stopping")
    gevent.killall(running)
    drain(server, engine, app.extensions["voice"].hang_up)
    return str(ground.value) if ground.successful() else ""


def _stand(database: Database) -> str:
    """Returns when the database is no longer the one we began with, and says how."""
    while not (reason := outdated(database, SCHEMA_REVISION)):
        gevent.sleep(GROUND_SECONDS)
    return reason


def _warn_of_weaknesses(settings: Settings) -> None:
    # All but TRACK_KEY, which stands in the shop's pages anyway.
    names = ("secret_key", "api_token", "overlay_token", "sales_secret", "turn_secret")
    secrets = {name.upper(): getattr(settings, name) for name in names}
    for weakness in weaknesses(settings.dashboard_password, settings.dashboard_username, secrets):
        log.warning(weakness)
    if (settings.dashboard_password or any(secrets.values())) and is_read_by_others():
        log.warning("everybody on this machine can read .env and the secrets in it: chmod 600 .env")


def main(argv: Sequence[str] | None = None) -> int:
    argparse.ArgumentParser(
        prog="app.py", description="The web process. It takes no options: its settings are in .env (see README.md)."
    ).parse_args(argv)
    keep_for_good()  # what was imported
    try:
        settings = load_settings()
        set_up_logs(settings.log_level)
        _warn_of_weaknesses(settings)
        database = Database(settings.database_url)
        await_server(database, settings.database_wait, log.warning)
        check_schema(database, SCHEMA_REVISION)
        app = create_app(settings, database)
        if not pages.FETCHED.is_file():
            log.warning("the front-end packages are missing: run bin/setup")
        keep_for_good()
        reason = serve(app, settings.host, settings.port)
    except (SettingsError, DatabaseUnusable) as error:
        print(f"app.py: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"app.py: {why_deaf(error, settings.host, settings.port)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:  # while it waits for its database; a server that runs stops in order
        return 130
    database.close()
    if reason:
        log.error("ending, to be started anew: %s", reason)
        return STARTS_ANEW
    return 0


if __name__ == "__main__":
    leave(main())
