"""What a busy Twitch chat sends, line by line, each numbered so that a lost or a late one can be told."""

from __future__ import annotations

import random
import re
from collections.abc import Collection, Iterator, Sequence

from benchmarks.events import mixed_events
from core.events import Event, Kind
from tests.sources.twitch_server import privmsg, usernotice

CHANNEL = "lena"
_NUMBER = re.compile(r"(\d+)$")


def lines(count: int, *, end_ms: int) -> Iterator[str]:
    """``count`` lines as ``mixed_events`` has its chat: one in 50 a subscription, some with emotes, bits and badges."""
    chance = random.Random(3)
    chat = (event for event in mixed_events(count * 2, end_ms=end_ms) if event.kind is Kind.CHAT)
    for number, event in zip(range(count), chat, strict=False):
        yield _line(event, number, chance)


def _line(event: Event, number: int, chance: random.Random) -> str:
    assert event.who
    login, text = event.who.login, f"{event.text} {number}"
    told = {"user_id": event.who.user_id, "tmi_sent_ts": str(event.at_ms), "id": event.source_id or ""}
    kind = chance.random()
    if kind < 0.02:
        months = {"msg_param_cumulative_months": "7", "msg_param_sub_plan": "1000"}
        return usernotice(CHANNEL, "resub", login, text, **(told | months))
    if kind < 0.4:
        told |= {"badges": "subscriber/12,premium/1", "badge_info": "subscriber/14", "subscriber": "1"}
    if kind < 0.2:
        told |= {"emotes": f"25:0-{text.index(' ') - 1}"}
    if kind > 0.99:
        told |= {"bits": "100"}
    return privmsg(CHANNEL, text, login, **told)


def mishaps(texts: Sequence[str | None], expected: Collection[int]) -> tuple[int, int]:
    """How many of the ``expected`` numbers end none of ``texts``, and how many stand behind a higher one."""
    numbers = [int(found[1]) for text in texts if (found := _NUMBER.search(text or ""))]
    late, newest = 0, -1
    for number in numbers:
        late += number < newest
        newest = max(newest, number)
    return len(set(expected) - set(numbers)), late
