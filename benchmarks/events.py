"""The mix of events that everything is measured with: 90 % chat, 5 % likes, 5 % gifts, by 2,000 people."""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterator

from core.events import Event, Kind, Person, Platform

PEOPLE = 2_000
VOCABULARY = 5_000
SPACING_MS = 20


def mixed_events(count: int, *, end_ms: int, seed: int = 1) -> Iterator[Event]:
    """``count`` events, 20 ms apart, the last at ``end_ms``: the same ones for the same seed."""
    chance = random.Random(seed)
    words = ["".join(chance.choices("abcdefghijklmnopqrstuvwxyz", k=chance.randint(3, 9))) for _ in range(VOCABULARY)]
    for number in range(count):
        who = _somebody(chance)
        at_ms = end_ms - (count - 1 - number) * SPACING_MS
        kind = chance.random()
        if kind < 0.90:
            text = " ".join(words[int(VOCABULARY * chance.random() ** 3)] for _ in range(chance.randint(1, 9)))
            message_id = str(uuid.UUID(int=chance.getrandbits(128), version=4))
            yield Event(Platform.TWITCH, "lena", Kind.CHAT, at_ms, message_id, who, text, marks=8)
        elif kind < 0.95:
            yield Event(Platform.TIKTOK, "lena", Kind.LIKE, at_ms, f"like-{seed}-{number}", who, amount=5)
        else:
            extra = {"gift_id": 1, "name": "Rose", "quantity": 5, "diamonds": 1}
            yield Event(Platform.TIKTOK, "lena", Kind.GIFT, at_ms, f"gift-{seed}-{number}", who, amount=5, extra=extra)


def _somebody(chance: random.Random) -> Person:
    number = int(PEOPLE * chance.random() ** 2)  # a few write much, many write little
    return Person(str(number), f"user{number}", f"User{number}")
