"""What streams earned: their part of the ledger, in the main currency and beside it in others."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from analytics.ledger import ALL, of_streams
from core.money import rounded
from rules.earnings import Source

PARTS = {Source.GIFTS: "gifts", Source.BITS: "bits", Source.SUBS: "subs", Source.GIFT_SUBS: "subs"}

Micros = Mapping[tuple[str, str], int]  # by (currency, source); source ALL is all of them


def by_stream(connection: Connection, stream_ids: Sequence[int]) -> dict[int, Micros]:
    """The amounts of each of these streams, in millionths."""
    found: defaultdict[int, dict[tuple[str, str], int]] = defaultdict(dict)
    for row in of_streams(connection, stream_ids):
        found[row.stream_id][row.currency, row.source] = row.amount_micros
    return dict(found)


def earned(amounts: Iterable[Micros], currency: str) -> dict[str, Any]:
    """All of ``amounts`` as JSON: in ``currency`` with its parts, each rounded for itself, and ``others`` beside it."""
    totals: defaultdict[str, int] = defaultdict(int)
    parts = dict.fromkeys(PARTS.values(), 0)
    for stream in amounts:
        for (of, source), micros in stream.items():
            if source == ALL:
                totals[of] += micros
            elif of == currency and source in PARTS:
                parts[PARTS[Source(source)]] += micros
    others = sorted(of for of, micros in totals.items() if of != currency and micros)
    return {
        "amount": rounded(totals[currency], currency),
        "currency": currency,
        **{part: rounded(micros, currency) for part, micros in parts.items()},
        "others": [{"currency": of, "amount": rounded(totals[of], of)} for of in others],
    }
