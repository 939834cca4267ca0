"""Many pages in one process: connections that ask the same question over and over, each as soon as it was answered.

    python -m benchmarks.askers PORT TARGET CONNECTIONS SECONDS

It prints what ``benchmarks.posters`` prints.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from itertools import repeat

from benchmarks.posters import Poster, posted


class Asker(Poster):
    """One connection that is kept."""

    expected = 200

    def __init__(self, port: int, target: str) -> None:
        super().__init__(port, 0)
        self._requests: Iterator[bytes] = repeat(f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())


def main() -> None:
    port, target, connections, seconds = int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), float(sys.argv[4])
    began = time.perf_counter()
    taken = posted([Asker(port, target) for _ in range(connections)], seconds)
    print(json.dumps({"seconds": time.perf_counter() - began, "taken": taken}))


if __name__ == "__main__":
    main()
