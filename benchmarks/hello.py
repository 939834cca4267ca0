"""What the stack itself can do: one bare Flask route behind the same server as the product.

python -m benchmarks.hello
"""

from __future__ import annotations

import logging
import sys

from flask import Flask, Response

from web.server import build_server

app = Flask(__name__)


@app.get("/hello")
def hello() -> Response:
    return Response(b'{"hello":"world"}', mimetype="application/json")


def main() -> None:
    server = build_server("127.0.0.1", 0, app, logging.getLogger("hello"))
    server.start()
    print(f"http://127.0.0.1:{server.server_port}", file=sys.stderr, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
