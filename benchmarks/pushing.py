"""The product's web process, which says something to everybody again and again: 1 KB a second unless told otherwise.

python -m benchmarks.pushing DATABASE_FILE [BYTES [GAP_SECONDS]]
"""

from __future__ import annotations

import sys

import app as product  # first: it makes the standard library cooperative

# isort: split
import resource
import time

import gevent

from core.config import Settings
from core.logs import set_up_logs
from core.starting import leave


def main() -> None:
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    set_up_logs("INFO")
    application = product.create_app(Settings(database_url=f"sqlite:///{sys.argv[1]}", secret_key="x" * 32))
    socketio = application.extensions["socketio"]
    size = int(sys.argv[2]) if len(sys.argv) > 2 else 1_000
    gap_seconds = float(sys.argv[3]) if len(sys.argv) > 3 else 1.0

    def push() -> None:
        while True:
            gevent.sleep(gap_seconds)
            socketio.emit("tick", {"at": time.time(), "words": "x" * size}, ignore_queue=True)

    gevent.spawn(push)
    product.serve(application, "127.0.0.1", 0)


if __name__ == "__main__":
    main()
    leave(0)  # as app.py does
