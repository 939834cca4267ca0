"""Sales that other systems report: signed with the secret, checked, and on disk before they are answered."""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from core.clock import SECOND_MS, now_ms
from core.db import Database
from ingest import sales
from ingest.group_commit import GroupCommit, NotDurable
from ingest.policy import Policy
from ingest.sales import Became, Taken
from rules.sales import Reported, checked
from rules.tracking import Fault, Refused

__all__ = ["WINDOW_SECONDS", "Became", "Booked", "Cashier", "NotDurable", "NotSigned", "Policy", "Refused", "verify"]

WINDOW_SECONDS = 300
FAULTS: Mapping[Became, Fault] = {
    Became.NO_SUCH_SALE: Fault("refund_of", "no sale of this id is known"),
    Became.OTHER_CURRENCY: Fault("currency", "is another one than the sale's"),
    Became.TOO_MUCH: Fault("amount", "is more than what is left of the sale"),
}


class NotSigned(Exception):
    """Whoever sent this does not know the secret, or sent it too long ago; the message is one line for people."""


@dataclass(frozen=True, slots=True)
class Booked:
    """What became of the sale of an id, and what is booked of it. ``fault``: why it was not booked."""

    sale_id: str
    taken: Taken
    fault: Fault | None


def verify(secret: str, timestamp: str, signature: str, body: bytes, now_ms: int) -> None:
    """``signature`` is ``sha256=`` and the hexadecimal HMAC-SHA256 of ``<timestamp>.<body>``. Raises NotSigned."""
    if not re.fullmatch(r"\d{1,12}", timestamp, re.ASCII):
        raise NotSigned("X-Timestamp: send the time in whole seconds since 1970")
    if not re.fullmatch(r"sha256=[0-9a-fA-F]{64}", signature):
        raise NotSigned("X-Signature: send sha256= and 64 hexadecimal digits")
    expected = hmac.digest(secret.encode(), f"{timestamp}.".encode() + body, "sha256").hex()
    # First the signature: who does not know the secret learns nothing of our clock.
    if not hmac.compare_digest(signature.removeprefix("sha256=").lower(), expected):
        raise NotSigned("X-Signature: this is not the signature of this body and time")
    if abs(now_ms - int(timestamp) * SECOND_MS) > WINDOW_SECONDS * SECOND_MS:
        raise NotSigned(f"X-Timestamp: more than {WINDOW_SECONDS} seconds from now")


class Cashier:
    """Books what is reported; requests that come at the same time share a commit. ``run``: see GroupCommit."""

    def __init__(
        self,
        database: Database,
        policy: Policy,
        run: Callable[[Callable[[Database], Any]], Any] | None = None,
        clock: Callable[[], int] = now_ms,
    ) -> None:
        self._policy = policy
        self._clock = clock
        self._commits: GroupCommit[Reported, Taken] = GroupCommit(database, self._record, run)

    def report(self, item: Any) -> Booked:
        """Answers after it is on disk. Raises Refused (what is wrong with it) and NotDurable (nothing is stored)."""
        sale = checked(item, now_ms=self._clock(), currency=self._policy.rates.currency)
        (taken,) = self._commits.submit([sale])
        return Booked(sale.sale_id, taken, FAULTS.get(taken.became))

    def _record(self, connection: Connection, reported: list[Reported]) -> list[Taken]:
        return sales.record(connection, reported, self._policy, self._clock())
