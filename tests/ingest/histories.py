"""Histories made up by hypothesis: several channels and platforms, everything that happens in them, in any order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from core.events import Event, Kind, Mark, Person, Platform
from rules.tiers import Tier
from tests.support import LENA, NOON, NOVA, OTTO, days, hours, minutes, seconds

BOT = Person("666", "nightbot", "Nightbot")
RENAMED = Person(NOVA.user_id, "nova_live", "")
TOLD = Person(NOVA.user_id, NOVA.login, NOVA.name, about={"bio": "hi", "verified": True, "follower_count": 0})
TOLD_ANEW = Person(OTTO.user_id, OTTO.login, "Otto!", "https://example.com/o.png", {"bio": "", "follower_count": 7})
LOGIN_ONLY = Person("", NOVA.login, "Nova")
LURKER = Person("", "lurker")
IGNORED = (BOT.login,)
LATEST = NOON + days(2)  # what the clock says when a history is stored
# Winter in UTC, and the night in which clocks in Europe go back.
BEGINNINGS = (NOON, NOON - days(28) + hours(10))
ZONES = ("UTC", "Europe/Berlin", "Asia/Kolkata", "America/St_Johns", "Australia/Lord_Howe")
# Low enough for histories of some hours.
TIERS = (
    Tier("Guest", 0, 0, 2, rank=1),
    Tier("Giver", 150, 0, 1, rank=2),
    Tier("Regular", 0, 1, 3, rank=3),
    Tier("Patron", 900, 0, 2, rank=4),
)

# Mostly the same two people in the same channel: what goes wrong goes wrong where things meet.
PEOPLE = (NOVA, OTTO, NOVA, OTTO, NOVA, RENAMED, TOLD, TOLD_ANEW, LENA, LOGIN_ONLY, LURKER, BOT, None)
HOME, AWAY, TIKTOK = (Platform.TWITCH, "lena"), (Platform.TWITCH, "northwind"), (Platform.TIKTOK, "lena")
CHANNELS = (HOME, HOME, HOME, HOME, AWAY, TIKTOK)
TEXTS = ("gg wp everybody", "what a clutch", "Kappa insane clutch", "", "привет clutch", "insane insane LUL")
EMOTES = ((), ("Kappa",), ("Kappa", "LUL", "Kappa"))
STEPS = (0, 0, 1, seconds(3), seconds(40), minutes(4), minutes(6), minutes(29), minutes(31))
PAUSES = (None, minutes(-10), seconds(-20), 0, seconds(20), minutes(2), minutes(5), minutes(6), hours(9))
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


# Chat is most of what happens; moderation, streaks, coming and going what goes wrong.
USUAL = [Kind.CHAT] * 8 + [Kind.GIFT] * 4 + [Kind.PART] * 4 + [Kind.DELETE] * 3 + [Kind.JOIN] * 2
KINDS = st.sampled_from([*USUAL, Kind.TIMEOUT, Kind.CLEAR, Kind.LIVE_END, Kind.LIVE_START, *Kind])
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

ARRIVALS = MOVES.map(lambda move: replace(move, kind=Kind.JOIN, step=min(move.step, seconds(40)), jitter=0))


def _extra(move: Move, targets: Sequence[str]) -> dict[str, Any]:
    match move.kind:
        case Kind.CHAT if move.emotes:
            return {"emotes": list(move.emotes)}
        case Kind.DELETE:
            return {"target": targets[move.target % len(targets)]}
        case Kind.GIFT:
            return _gift(move)
        case Kind.SUB | Kind.RESUB | Kind.SUBGIFT if move.target % 5:
            origin = {"origin": f"heap-{move.target % 3}"} if move.target % 2 else {}
            return {"plan": ("1000", "2000", "3000", "Prime")[move.target % 4], **origin}
    return {}


def _gift(move: Move) -> dict[str, Any]:
    """None of it, a number of gifts, or a tick of a streak: of four, two of which the platform gave no group."""
    if move.target < 15:
        return {"quantity": move.target} if move.target % 2 else {}
    extra: dict[str, Any] = {
        "gift_id": 5 + move.target % 2,
        "name": "Rose",
        "quantity": move.target % 7,
        "streak": ("7:0", "7:31", "7:0", "8:0")[move.target % 4],
        "ended": move.target % 5 == 0,
    }
    if move.target % 3:
        extra["diamonds"] = 5
    return extra


def _events(moves: Sequence[Move], at_ms: int) -> list[Event]:
    targets = [f"m{number}" for number, move in enumerate(moves) if move.kind is Kind.CHAT] + ["unknown"]
    events = []
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
    moves = draw(st.lists(MOVES, min_size=draw(st.sampled_from([0, 12, 24])), max_size=40))
    first = draw(st.lists(ARRIVALS, max_size=3))  # before there is a stream
    events = _events([*first, *moves], draw(st.sampled_from(BEGINNINGS)))
    for where, at_ms in draw(
        st.lists(st.tuples(st.integers(0, 30), st.sampled_from([5, LATEST + days(2)])), max_size=2)
    ):
        if events:
            events.append(replace(events[where % len(events)], at_ms=at_ms))
    for original, place in draw(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=4)):
        if events:
            events.insert(place % len(events), events[original % len(events)])
    return events


@dataclass(frozen=True)
class Telling:
    """How a history reaches the database: in batches, between which the writer starts anew and time passes."""

    events: list[Event]
    batches: list[list[Event]]
    restarts: list[bool]  # before which batch
    heartbeats: list[int | None]  # after each batch: how long after its last event, if at all
    zone: ZoneInfo


@st.composite
def tellings(draw: st.DrawFn) -> Telling:
    events = draw(histories())
    cuts = sorted(draw(st.sets(st.integers(1, 44), max_size=8)) | {0})
    batches = [events[start:end] for start, end in zip(cuts, [*cuts[1:], None], strict=True)]
    number = {"min_size": len(batches), "max_size": len(batches)}
    restarts = draw(st.lists(st.booleans(), **number))
    heartbeats = draw(st.lists(st.sampled_from(PAUSES), **number))
    return Telling(events, batches, restarts, heartbeats, ZoneInfo(draw(st.sampled_from(ZONES))))
