"""One stream from its plan: stage, talk, presence, storylines, applause and gifts put together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial

from core.events import Event, Platform
from demo.applause import Applause
from demo.cast import Cast
from demo.gifts import Gifts
from demo.phrases import Phrases
from demo.presence import Presence
from demo.schedule import Plan
from demo.stage import NEWCOMERS, Act, Room, Stage
from demo.storylines import Storylines
from demo.talk import Talk

LISTEN_MS, LISTEN_CLOSELY_MS = 10_000, 3000  # how often the rates are renewed, in a rush more often
GUEST_SPEAKS = 0.02  # of all messages, those by newcomers who stay a little


def broadcast(
    cast: Cast,
    phrases: Phrases,
    plan: Plan,
    channels: Mapping[Platform, str],
    strangers: set[str],
    until_ms: float,
) -> Iterator[Event]:
    """Everything that happens in the stream ``plan`` until ``until_ms``, in time order.

    ``strangers`` are the ids of those whose next message will be their first ever; it is kept up to date.
    """
    stage = Stage(cast, phrases, plan, channels, strangers)
    talk = Talk(stage)
    presence = Presence(stage, talk, Applause(stage))
    gifts = Gifts(stage, talk)
    stage.every(plan.pace.gift / plan.rate, gifts.gift)
    beats = Storylines(stage, talk, presence).beats() | gifts.beats()
    for offset_ms, what in plan.beats:
        stage.at(plan.start_ms + offset_ms, beats[what])
    _listen(stage, plan.start_ms)
    stage.every(plan.pace.twitch_join / plan.rate / plan.talk, partial(presence.watcher_arrives, stage.twitch))
    stage.every(plan.pace.tiktok_join / plan.rate / plan.talk, partial(presence.watcher_arrives, stage.tiktok))
    for room in stage.rooms.values():
        stage.at(plan.start_ms + stage.wait(room.gap_ms), _messages(stage, talk, presence, room))
    return stage.events(until_ms)


def _listen(stage: Stage, at: int) -> None:
    stage.listen(at)
    stage.at(at + (LISTEN_CLOSELY_MS if stage.spike else LISTEN_MS), partial(_listen, stage))


def _messages(stage: Stage, talk: Talk, presence: Presence, room: Room) -> Act:
    """The act that makes one person in ``room`` speak (or come in first), and itself happen again."""
    random, pool, present = stage.rng.random, room.pool, room.present
    newcomers, size, last_orders = NEWCOMERS[room.platform], len(room.pool), stage.last_orders_ms

    def next_message(at: int) -> Event | None:
        stage.at(at + stage.wait(room.gap_ms), next_message)
        is_open = at < last_orders
        if is_open and random() < newcomers:
            return presence.newcomer_arrives(room, at)
        persona = pool[int(random() * size)]
        if random() < GUEST_SPEAKS:
            persona = stage.talkative_guest(room) or persona
        elif persona.person.user_id not in present:
            if is_open and not presence.is_away(room, persona, at):
                return presence.regular_arrives(room, persona, at)
            persona = stage.somebody(room)
        if random() < room.hype_share:
            return talk.shout(room, persona, at)
        return talk.ordinary(room, persona, at)

    return next_message
