"""What the team of the demo's channels has noted of its people by hand: nothing of it comes from a platform."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from core.clock import DAY_MS, HOUR_MS
from core.events import Platform
from demo.cast import MODERATOR, Persona
from demo.phrases import variants
from demo.world import World

TEAM = ("lena", "lena", "anouk", "sunny_dee")
VOICES = {
    "en": ("en_us_001", "en_us_006", "en_uk_001", "en_au_001", "en_male_narration"), "de": ("de_001", "de_002"),
    "es": ("es_mx_002", "es_002"), "fr": ("fr_001",), "pt": ("br_001",), "it": ("it_male_m18",), "ja": ("jp_001",),
    "ko": ("kr_003",),
}  # fmt: skip
TAGS = (
    "regular", "artist", "clips", "discord", "from the raid", "kind", "night owl", "collab?", "merch winner",
    "speedrunner", "game night", "translator", "early bird", "cat person",
)  # fmt: skip
NOTES = tuple(
    note
    for line in (
        "{Draws|Paints} fan art, {ask before showing it on stream|the goose sticker is theirs}.",
        "Won the {spring|summer|autumn} giveaway. {Parcel sent|Prize collected on Discord}.",
        "{Prefers|Please use} {they/them|she/her|he/him}.",
        "Helps with {translations|the wiki|clips} now and then. {Say thanks!|}",
        "Met at the {convention|meet-up} in {Leipzig|Utrecht|Porto}. {Very funny.|Brought cookies.|}",
        "{Studies at night|Works late shifts}, {usually only lurks|writes little, watches everything}.",
        "Knows {everything|too much} about {old synths|frogs|trains|cheese}. {Ask about it.|}",
        "Plays {bass|cello|drums}, {wants to do an intro jingle|might join the music night}.",
        "Does not like {jump scares|spiders in games}: {warn ahead|we warn}.",
        "Suggested {the ladle run|Tiny Harbor|the cat cam}. {Good ideas in general.|}",
    )
    for note in (" ".join(text.split()) for text in variants(line))
)
WELL_KNOWN = 45  # of each platform
NOTED, TAGGED, FAVORITES, VOICED, ON_DISCORD, WITH_BIRTHDAY = 22, 48, 9, 12, 18, 34
YOUNGEST, OLDEST = 19, 46
LEAP_YEARS = (1984, 1988, 1992, 1996, 2000, 2004)


@dataclass(frozen=True, slots=True)
class Profile:
    """One person's hand-made side; ``changes`` as ``actions.viewers`` takes them, ``vip`` the tier given by hand."""

    platform: Platform
    user_id: str
    login: str
    editor: str
    edited_at_ms: int
    changes: Mapping[str, Any] = field(default_factory=dict)
    vip: str | None = None


def profiles(world: World, *, now_ms: int, zone: ZoneInfo) -> Iterator[Profile]:
    """Follows from the world's seed and the day in ``zone``: somebody's birthday is today, somebody's tomorrow."""
    rng = random.Random(f"profiles:{world.seed}")
    today = datetime.fromtimestamp(now_ms / 1000, zone).date()
    known = [(platform, persona) for platform in Platform for persona in _well_known(world, platform)]
    edits: dict[str, dict[str, Any]] = {persona.person.user_id: {} for _, persona in known}
    _describe(rng, [persona for _, persona in known], edits)
    _celebrate(rng, today, [persona for _, persona in known], edits)
    patron, troll = _special(world)
    edits[patron.person.user_id]["notes"] = "Makes all our emotes and takes no money for it: Gold for life."
    edits[troll.person.user_id] = {
        "is_blocked": True,
        "notes": "Spoils endings on purpose. Warned three times; stays off the leaderboard and the overlay.",
        "tags": ["spoilers"],
    }
    for platform, persona in known:
        if changes := edits[persona.person.user_id]:
            edited_at_ms = now_ms - rng.randrange(HOUR_MS, 9 * DAY_MS)
            person, vip = persona.person, "Gold" if persona is patron else None
            yield Profile(platform, person.user_id, person.login, rng.choice(TEAM), edited_at_ms, changes, vip)


def _well_known(world: World, platform: Platform) -> list[Persona]:
    """Those whom every history knows, the most talkative first."""
    talkers = world.cast.circle(platform).talkers
    return [p for p in talkers if p.arrives == 0 and p.attends > 0.3][:WELL_KNOWN]


def _at_home(people: list[Persona], number: int) -> list[Persona]:
    """Of each platform the ``number`` who talk most."""
    return people[:number] + people[WELL_KNOWN : WELL_KNOWN + number]


def _special(world: World) -> tuple[Persona, Persona]:
    """Who is a VIP whatever they spend, and who is on nobody's list of favourites."""
    twitch = _well_known(world, Platform.TWITCH)
    patron = next(persona for persona in twitch if persona.person.login == "captainbeige")
    return patron, next(persona for persona in reversed(twitch) if not persona.marks)


def _describe(rng: random.Random, people: list[Persona], edits: dict[str, dict[str, Any]]) -> None:
    for persona, note in zip(rng.sample(people, NOTED), rng.sample(NOTES, NOTED), strict=True):
        edits[persona.person.user_id]["notes"] = note
    for persona in rng.sample(people, TAGGED):
        edits[persona.person.user_id]["tags"] = rng.sample(TAGS, rng.choice((1, 1, 1, 2, 2, 3)))
    for persona in rng.sample(_at_home(people, 20), FAVORITES):
        edits[persona.person.user_id]["is_favorite"] = True
    for persona in rng.sample([p for p in people if p.language in VOICES], VOICED):
        edits[persona.person.user_id]["tts_voice"] = rng.choice(VOICES[persona.language])
    for persona in rng.sample(people, ON_DISCORD):
        name = persona.person.login.replace(".", "_").strip("_")
        edits[persona.person.user_id]["discord_username"] = f"{name}{rng.choice(('', '', '_', '42', '.art'))}"
    for persona in people:
        if persona.marks & MODERATOR:
            edits[persona.person.user_id]["is_moderator"] = True


def _celebrate(rng: random.Random, today: date, people: list[Persona], edits: dict[str, dict[str, Any]]) -> None:
    """Birthdays: the first ones today, tomorrow, within the week and on 29 February, the others all over the year."""
    # The first ones among those who talk most, or nobody would be there to be greeted today.
    first = rng.sample(_at_home(people, 9), 4)
    others = rng.sample(people, WITH_BIRTHDAY)
    celebrating = [*first, *(persona for persona in others if persona not in first)]
    soon = [today, today + timedelta(days=1), today + timedelta(days=5)]
    for number, persona in enumerate(celebrating):
        if number < len(soon):
            day = soon[number]
        elif number == len(soon):
            day = date(rng.choice(LEAP_YEARS), 2, 29)
        else:
            day = today + timedelta(days=rng.randrange(6, 360))
        edits[persona.person.user_id]["birthday"] = _born_on(rng, day, today).isoformat()


def _born_on(rng: random.Random, day: date, today: date) -> date:
    if (day.month, day.day) == (2, 29):
        return day if day.year in LEAP_YEARS else date(rng.choice(LEAP_YEARS), 2, 29)
    return day.replace(year=today.year - rng.randint(YOUNGEST, OLDEST))
