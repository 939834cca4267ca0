"""The product's web process, which says about 1 KB a second to everybody: what benchmarks.broadcast measures.

python -m benchmarks.pushing DATABASE_FILE
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


def main() -> None:
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    set_up_logs("INFO")
    application = product.create_app(Settings(database_url=f"sqlite:///{sys.argv[1]}", secret_key="x" * 32))
    socketio = application.extensions["socketio"]

    def push() -> None:
        while True:
            gevent.sleep(1)
            socketio.emit("tick", {"at": time.time(), "words": "x" * 1000}, ignore_queue=True)

    gevent.spawn(push)
    product.serve(application, "127.0.0.1", 0)


if __name__ == "__main__":
    main()
