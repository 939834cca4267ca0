"""Histories made up by hypothesis: several channels and platforms, everything that happens in them, in any order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from hypothesis import strategies as st

from core.events import Event, Kind, Mark, Person, Platform
from tests.support import LENA, NOON, NOVA, OTTO, days, minutes, seconds

BOT = Person("666", "nightbot", "Nightbot")
RENAMED = Person(NOVA.user_id, "nova_live", "")
LOGIN_ONLY = Person("", NOVA.login, "Nova")
LURKER = Person("", "lurker")
IGNORED = (BOT.login,)
LATEST = NOON + days(2)  # what the clock says when a history is stored

# Mostly the same two people in the same channel: what goes wrong goes wrong where things meet.
PEOPLE = (NOVA, OTTO, NOVA, OTTO, NOVA, RENAMED, LENA, LOGIN_ONLY, LURKER, BOT, None)
HOME, AWAY, TIKTOK = (Platform.TWITCH, "lena"), (Platform.TWITCH, "northwind"), (Platform.TIKTOK, "lena")
CHANNELS = (HOME, HOME, HOME, HOME, AWAY, TIKTOK)
TEXTS = ("gg wp everybody", "what a clutch", "Kappa insane clutch", "", "привет clutch", "insane insane LUL")
EMOTES = ((), ("Kappa",), ("Kappa", "LUL", "Kappa"))
STEPS = (0, 0, 1, seconds(3), seconds(40), minutes(4), minutes(6), minutes(29), minutes(31))
JITTERS = (0, 0, 0, 0, seconds(-2), minutes(-3), minutes(-25), minutes(-45), minutes(20), days(-1) - 1)


@dataclass(frozen=True)
class Move:
    """One step of a history, before it is known what it refers to."""

    kind: Kind
    who: Person | None
    channel: tuple[Platform, str]
    step: int
    jitter: int
    amount: int
    marks: int
    text: str
    emotes: tuple[str, ...]
    target: int


# Chat is most of what happens, and moderation of it what goes wrong.
KINDS = st.sampled_from([Kind.CHAT] * 8 + [Kind.DELETE] * 3 + [Kind.TIMEOUT, Kind.CLEAR, Kind.GIFT, *Kind])
MARKS = st.sampled_from([0, 0, int(Mark.FIRST), int(Mark.SHARED), int(Mark.SUBSCRIBER | Mark.FIRST)])
MOVES = st.builds(
    Move,
    kind=KINDS,
    who=st.sampled_from(PEOPLE),
    channel=st.sampled_from(CHANNELS),
    step=st.sampled_from(STEPS),
    jitter=st.sampled_from(JITTERS),
    amount=st.integers(0, 500),
    marks=MARKS,
    text=st.sampled_from(TEXTS),
    emotes=st.sampled_from(EMOTES),
    target=st.integers(0, 60),
)


def _extra(move: Move, targets: Sequence[str]) -> dict[str, Any]:
    match move.kind:
        case Kind.CHAT if move.emotes:
            return {"emotes": list(move.emotes)}
        case Kind.DELETE:
            return {"target": targets[move.target % len(targets)]}
        case Kind.GIFT if move.target % 2:
            return {"quantity": move.target}
    return {}


def _events(moves: Sequence[Move]) -> list[Event]:
    targets = [f"m{number}" for number, move in enumerate(moves) if move.kind is Kind.CHAT] + ["unknown"]
    events, at_ms = [], NOON
    for number, move in enumerate(moves):
        at_ms += move.step
        platform, channel = move.channel
        who = move.who
        if move.kind is Kind.TIMEOUT and who and not who.user_id:
            who = NOVA  # with a timeout the platform always tells the id
        marks = move.marks if move.kind is Kind.CHAT else 0
        text = move.text if move.kind is Kind.CHAT else ""
        extra = _extra(move, targets)
        source_id = f"m{number}"
        events.append(
            Event(platform, channel, move.kind, at_ms + move.jitter, source_id, who, text, move.amount, marks, extra)
        )
    return events


@st.composite
def histories(draw: st.DrawFn) -> list[Event]:
    """Some dozens of events, with duplicates and broken clocks among them."""
    events = _events(draw(st.lists(MOVES, min_size=draw(st.sampled_from([0, 12, 24])), max_size=40)))
    for where, at_ms in draw(
        st.lists(st.tuples(st.integers(0, 30), st.sampled_from([5, LATEST + days(2)])), max_size=2)
    ):
        if events:
            events.append(replace(events[where % len(events)], at_ms=at_ms))
    for original, place in draw(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=4)):
        if events:
            events.insert(place % len(events), events[original % len(events)])
    return events


@st.composite
def split_histories(draw: st.DrawFn) -> tuple[list[Event], list[list[Event]], list[bool]]:
    """A history, its events in batches, and before which batch the writer was started anew."""
    events = draw(histories())
    cuts = sorted(draw(st.sets(st.integers(1, 44), max_size=6)) | {0})
    batches = [events[start:end] for start, end in zip(cuts, [*cuts[1:], None], strict=True)]
    restarts = draw(st.lists(st.booleans(), min_size=len(batches), max_size=len(batches)))
    return events, batches, restarts
