"""Who talks to the product while it dies: a chat that counts aloud, shops and a till that insist on an answer."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from core.clock import now_ms
from tests.sources.twitch_server import TwitchServer

CHANNEL = "lena"
SALES_SECRET = "for-tills-alone-0123456789"
BITS_EVERY, BITS = 10, 100  # every tenth line cheers
LINE_SECONDS, REQUEST_SECONDS = 0.005, 0.01  # between two of one speaker
STEPS = ("page_view", "product_view", "add_to_cart", "purchase")
PRICE_CENTS = 2025  # and its square: binary fractions, of which any order of adding makes the same sum
REFUND_EVERY, REFUND_CENTS = 7, 500

_PAUSE_SECONDS = 0.05  # before a request that was not answered is sent again


@dataclass
class Crowd:
    """``address``: where the web process answers, "" while it does not."""

    twitch: TwitchServer
    address: Callable[[], str]
    lines: dict[int, int] = field(default_factory=dict)  # the number of each → when it was said, UTC milliseconds
    tracked: dict[str, str] = field(default_factory=dict)  # the id of each event that was acknowledged → its type
    sold: dict[str, int] = field(default_factory=dict)  # the id of each sale that was acknowledged → its cents
    retries: int = 0
    refused: list[str] = field(default_factory=list)  # answers that no retry mends

    def __post_init__(self) -> None:
        self._quiet, self._chat_quiet = threading.Event(), threading.Event()

    @contextmanager
    def talking(self, *, shops: int = 3) -> Iterator[None]:
        """They talk until the block ends, and what was begun is then told to its end."""
        shoppers = [threading.Thread(target=self._shop, args=(number,)) for number in range(shops)]
        insisting = [*shoppers, threading.Thread(target=self._till)]
        chat = threading.Thread(target=self._chat)
        for thread in (chat, *insisting):
            thread.start()
        try:
            yield
        finally:
            self._quiet.set()
            for thread in insisting:
                thread.join()
            self._chat_quiet.set()
            chat.join()

    def _chat(self) -> None:
        number = 0
        while not self._chat_quiet.wait(LINE_SECONDS):
            self.lines[number] = now_ms()
            bits = {"bits": str(BITS)} if cheers(number) else {}
            self.twitch.say(CHANNEL, f"line {number}", f"viewer{number % 40}", **bits)
            number += 1

    def _shop(self, shop: int) -> None:
        number = 0
        with httpx.Client(timeout=10) as client:
            while not self._quiet.wait(REQUEST_SECONDS):
                event = {"event_type": STEPS[number % len(STEPS)], "event_id": f"shop{shop}-{number}"}
                event["user_id"] = f"customer{shop}-{number // len(STEPS) % 25}"
                if event["event_type"] == "purchase":
                    event |= {"data": {"amount": PRICE_CENTS / 100, "currency": "EUR"}}  # type: ignore[dict-item]
                self._until_taken(lambda event=event: client.post(f"{self.address()}/track", json=event))  # type: ignore[misc]
                self.tracked[event["event_id"]] = event["event_type"]
                number += 1

    def _till(self) -> None:
        number = 0
        with httpx.Client(timeout=10) as client:
            while not self._quiet.wait(REQUEST_SECONDS):
                sale: dict[str, Any] = {"id": f"till-{number}", "amount": 12.5, "currency": "EUR", "source": "till"}
                if number % REFUND_EVERY == REFUND_EVERY - 1:
                    sale |= {"amount": -REFUND_CENTS / 100, "refund_of": f"till-{number - 1}"}
                self._until_taken(lambda sale=sale: self._report(client, sale))  # type: ignore[misc]
                self.sold[sale["id"]] = round(sale["amount"] * 100)
                number += 1

    def _report(self, client: httpx.Client, sale: dict[str, Any]) -> httpx.Response:
        body, now = json.dumps(sale).encode(), str(int(time.time()))
        digest = hmac.new(SALES_SECRET.encode(), now.encode() + b"." + body, hashlib.sha256).hexdigest()
        headers = {"Content-Type": "application/json", "X-Timestamp": now, "X-Signature": f"sha256={digest}"}
        return client.post(f"{self.address()}/api/sales", content=body, headers=headers)

    def _until_taken(self, send: Callable[[], httpx.Response]) -> None:
        """Sends the same again and again until it is acknowledged."""
        while True:
            try:
                answer = send() if self.address() else None
            except httpx.TransportError:
                answer = None
            if answer is not None and answer.status_code in (200, 201):
                return
            if answer is not None and answer.status_code != 503:
                self.refused.append(f"{answer.status_code} {answer.text[:100]}")
                return
            self.retries += 1
            time.sleep(_PAUSE_SECONDS)


def cheers(number: int) -> bool:
    """Whether the line of this number comes with bits."""
    return number % BITS_EVERY == 0
