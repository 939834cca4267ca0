"""A shop whose visitors come at a steady rate, however long the answers take.

    python -m tests.torture.load_shop URL RATE SECONDS

Prints JSON: how many requests were taken, the milliseconds from when each was due to its answer, and what went wrong.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit

TRACK_KEY = "what-the-shop-of-this-trial-shows"
HEADERS = {"Content-Type": "application/json", "X-Track-Key": TRACK_KEY}
VISITORS = 24  # at once; each keeps its connection


class Shop:
    def __init__(self, url: str, rate: int, seconds: float) -> None:
        self._host = urlsplit(url).netloc
        self._rate, self._count = rate, round(rate * seconds)
        self._began = time.monotonic()
        self.taken, self.waits, self.errors = 0, list[float](), list[str]()
        self._turn = threading.Lock()

    def open(self) -> None:
        """Returns when everybody has been served."""
        visitors = [threading.Thread(target=self._visit, args=(number,)) for number in range(VISITORS)]
        for visitor in visitors:
            visitor.start()
        for visitor in visitors:
            visitor.join()

    def _visit(self, first: int) -> None:
        connection = HTTPConnection(self._host, timeout=30)
        for number in range(first, self._count, VISITORS):
            due = self._began + number / self._rate
            time.sleep(max(0.0, due - time.monotonic()))
            event = {"event_type": "page_view", "event_id": f"e{number}", "user_id": f"customer{number % 5_000}"}
            try:
                connection.request("POST", "/track", json.dumps(event), HEADERS)
                answer = connection.getresponse()
                answer.read()
                wrong = "" if answer.status == 201 else str(answer.status)
            except (OSError, HTTPException) as error:
                wrong = type(error).__name__
                connection.close()
            self._note(wrong, (time.monotonic() - due) * 1000)
        connection.close()

    def _note(self, wrong: str, wait_ms: float) -> None:
        with self._turn:
            if wrong:
                self.errors.append(wrong)
            else:
                self.taken += 1
                self.waits.append(wait_ms)


def main() -> None:
    shop = Shop(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]))
    shop.open()
    print(json.dumps({"taken": shop.taken, "waits": shop.waits, "errors": shop.errors}), flush=True)


if __name__ == "__main__":
    main()
