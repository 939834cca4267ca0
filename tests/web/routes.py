"""What the program answers: every route with its methods, and every call of a socket."""

from __future__ import annotations

import json
from typing import NamedTuple

from tests.processes import Program

PRINT_ROUTES = """
import json, app
from core.config import Settings
from core.db import Database
made = app.create_app(Settings(), Database("sqlite://"))
routes = [[rule.endpoint, rule.rule, sorted(rule.methods)] for rule in made.url_map.iter_rules()]
limited = sorted({name.partition(".")[0] for name, view in made.view_functions.items()
                  if hasattr(view, "__wrapper-limiter-instance")})
events = sorted(made.extensions["socketio"].server.handlers["/"])
print(json.dumps({"limited": limited, "routes": routes, "events": events}))
"""
IN_PLACE_OF = {
    "<key>": "peerjs",
    "<int:stream_id>": "1",
    "<int:anomaly_id>": "1",
    "<int:record_id>": "1",
    "<int:user_id>": "1",
    "<int:account_id>": "999999",
    "<int:token_id>": "999999",
    "joined/<name>": "joined/base.css",
    "<name>": "nobody",
    "<path:filename>": "favicon.svg",
    "<path:address>": "twitch:nobody",
    "<viewer:username>": "twitch:nobody",
}


class Route(NamedTuple):
    """``path``: with something in the place of its variables."""

    endpoint: str
    path: str
    methods: list[str]


class Answers(NamedTuple):
    """``limited``: the blueprints with a view that may be called only so often."""

    routes: list[Route]
    events: list[str]
    limited: list[str]


def read_answers(program: Program) -> Answers:
    """Of a running application, so that nothing is left out."""
    ended = program.run("-c", PRINT_ROUTES)
    assert ended.returncode == 0, ended.stderr
    told = json.loads(ended.stdout)
    return Answers([_filled_in(*route) for route in told["routes"]], told["events"], told["limited"])


def _filled_in(endpoint: str, path: str, methods: list[str]) -> Route:
    for argument, value in IN_PLACE_OF.items():
        path = path.replace(argument, value)
    assert "<" not in path, f"{path}: say in IN_PLACE_OF what to put here"
    return Route(endpoint, path, methods)
