"""The demo's people: regulars, casual chatters, lurkers, and as many newcomers as a stream needs."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from core.events import Mark, Person, Platform
from demo import names
from demo.about import about

SUBSCRIBER, MODERATOR, VIP = int(Mark.SUBSCRIBER), int(Mark.MODERATOR), int(Mark.VIP)
BROADCASTER, VERIFIED = int(Mark.BROADCASTER), int(Mark.VERIFIED)
_ROLES = {"moderator": MODERATOR | SUBSCRIBER, "vip": VIP | SUBSCRIBER, "subscriber": SUBSCRIBER, "": 0}
_STYLES = ("", "", "", "", "proper", "proper", "caps", "emoji", "emoji", "stretch")
_TONGUES = ("en",) * 14 + tuple("de de es es pt pt fr it pl tr ru ja ko zh ar he".split())
_PLANS = ("1000", "1000", "1000", "1000", "Prime", "Prime", "2000", "3000")
_A_LARGE_PRIME = 7_368_787  # steps through the names so that neighbours in time look unrelated

TWITCH_CASUALS, TWITCH_LURKERS = 260, 150
TIKTOK_CASUALS, TIKTOK_LURKERS = 130, 110
TAPPERS = 0.13  # of TikTok's casual viewers, those who tap the screen as long as they watch
RENAMED = 4  # so many of each platform's casual chatters take another name within the history


@dataclass(frozen=True, slots=True)
class Persona:
    """One account and its habits. Fractions of time run from 0, the first stream of a history, to 1, its last."""

    person: Person
    marks: int = 0
    weight: float = 1.0  # how much it says, against others
    attends: float = 1.0  # the share of streams it comes to
    arrives: float = 0.0  # when it first came; 0: long before
    style: str = ""
    language: str = "en"
    color: str = ""
    months: int = 0  # subscribed, before the history
    plan: str = "1000"
    subscribes: float | None = None  # when it subscribes within a history
    resubscribes: float | None = None  # when it shares its new month; 1 or more: not within a history
    taps: float = 0.0  # minutes between its likes while it is there; 0: only now and then
    saves: int | None = None  # gives at most so many coins a stream, and one day a great gift
    formerly: Person | None = None  # under which name it was known before ``renamed``
    renamed: float = 0.0


@dataclass(frozen=True, slots=True)
class Circle:
    """Who belongs to one channel: those who talk, most talkative first, and those who only watch."""

    host: Persona
    talkers: tuple[Persona, ...]
    lurkers: tuple[Persona, ...]


@dataclass
class Cast:
    """Everybody, by ``seed``."""

    seed: int
    twitch: Circle = field(init=False)
    tiktok: Circle = field(init=False)
    raiders: tuple[Persona, ...] = field(init=False)

    def __post_init__(self) -> None:
        rng = random.Random(f"cast:{self.seed}")
        accounts = _Accounts(rng)
        self.twitch = _twitch_circle(rng, accounts)
        self.tiktok = _tiktok_circle(rng, accounts)
        self.raiders = tuple(
            Persona(Person(accounts.twitch_id(), login, name), VERIFIED * (rng.random() < 0.3), color=_color(rng))
            for login, name in names.RAIDERS
        )

    def circle(self, platform: Platform) -> Circle:
        return self.twitch if platform is Platform.TWITCH else self.tiktok

    def newcomer(self, platform: Platform, moment: int, rng: random.Random) -> Persona:
        """Somebody never seen before. ``moment`` (a second since 1970, each used once) makes name and id unique."""
        first, second, tail = _name_parts(moment + self.seed)
        style, language = rng.choice(_STYLES), rng.choice(_TONGUES)
        if platform is Platform.TWITCH:
            login = f"{first}{second}{tail}"
            shown = f"{first.capitalize()}{second.capitalize()}{tail}" if rng.random() < 0.5 else login
            person = Person(str(10**9 + moment), login, shown)
            return Persona(person, style=style, language=language, color=_color(rng))
        handle = f"{first}.{second}{tail}"
        person = Person(str(7 * 10**18 + moment), handle, _nickname(rng, first), about=about(rng, language))
        return Persona(person, style="emoji" if rng.random() < 0.4 else style, language=language)


@dataclass
class _Accounts:
    """Hands out ids and names, none twice."""

    rng: random.Random
    taken: set[str] = field(default_factory=set)

    def twitch_id(self) -> str:
        return self._unused(lambda: str(self.rng.randrange(20_000_000, 10**9)))

    def tiktok_id(self) -> str:
        return self._unused(lambda: str(self.rng.randrange(65 * 10**17, 7 * 10**18)))

    def login(self, separators: Sequence[str]) -> tuple[str, str]:
        """(login, given name). Noun first: newcomers have it last, so the two never meet."""
        given = ""

        def drawn() -> str:
            nonlocal given
            given = self.rng.choice(names.FIRST_PARTS)
            return self.rng.choice(names.SECOND_PARTS) + self.rng.choice(separators) + given

        return self._unused(drawn), given

    def _unused(self, draw: Callable[[], str]) -> str:
        while (value := draw()) in self.taken:
            pass
        self.taken.add(value)
        return value


def _twitch_circle(rng: random.Random, accounts: _Accounts) -> Circle:
    host = Persona(Person(accounts.twitch_id(), "lena_plays", "Lena_Plays"), BROADCASTER | SUBSCRIBER, color="#14B8A6")
    regulars = [
        Persona(
            Person(accounts.twitch_id(), login, name),
            _ROLES[role],
            attends=rng.uniform(0.7, 0.97),
            style=rng.choice(_STYLES),
            language=language,
            color=_color(rng),
            months=rng.randint(4, 46) if role else 0,
            plan=rng.choice(_PLANS),
            resubscribes=rng.uniform(0, 1.3) if role else None,
        )
        for login, name, language, role in names.TWITCH_REGULARS
    ]
    casuals = [_twitch_casual(rng, accounts) for _ in range(TWITCH_CASUALS)]
    _renamed(rng, accounts, casuals, ("", "_"))
    lurkers = [replace(_twitch_casual(rng, accounts), arrives=0.0) for _ in range(TWITCH_LURKERS)]
    return Circle(host, tuple(_by_zipf([*regulars, *casuals], len(regulars))), tuple(lurkers))


def _twitch_casual(rng: random.Random, accounts: _Accounts) -> Persona:
    login, _ = accounts.login(("", "", "_", "_", "x"))
    shown = login.title().replace("_", "_") if rng.random() < 0.3 else login
    fate = rng.random()  # 35 % subscribed long ago, 25 % do so within the history
    old = fate < 0.35
    arrives = rng.uniform(0.05, 0.9) if not old and rng.random() < 0.3 else 0.0
    return Persona(
        Person(accounts.twitch_id(), login, shown),
        _ROLES["subscriber"] if old else 0,
        attends=rng.uniform(0.15, 0.7),
        arrives=arrives,
        style=rng.choice(_STYLES),
        language=rng.choice(_TONGUES),
        color=_color(rng),
        months=rng.randint(1, 30) if old else 0,
        plan=rng.choice(_PLANS),
        subscribes=rng.uniform(arrives, 1.0) if 0.35 <= fate < 0.6 else None,
        resubscribes=rng.uniform(0, 1.3) if old else None,
    )


def _tiktok_circle(rng: random.Random, accounts: _Accounts) -> Circle:
    described = {**about(rng, "en", verified=True), "bio": "cozy chaos, most evenings 🎮🐈"}
    host = Persona(Person(accounts.tiktok_id(), "lena", "Lena 🎮", about=described), BROADCASTER | VERIFIED)
    regulars = [
        Persona(
            Person(accounts.tiktok_id(), login, name, about=about(rng, language)),
            _ROLES[role] & ~(SUBSCRIBER if role == "moderator" else 0),
            attends=1.0 if login in names.NEVER_MISSING else rng.uniform(0.7, 0.95),
            style="emoji",
            language=language,
            months=rng.randint(2, 20) if role == "subscriber" else 0,
            resubscribes=rng.uniform(0, 1.3) if role == "subscriber" else None,
            taps=rng.uniform(1.5, 3.0),
            saves=names.SAVERS.get(login),
        )
        for login, name, language, role in names.TIKTOK_REGULARS
    ]
    casuals = [_tiktok_casual(rng, accounts) for _ in range(TIKTOK_CASUALS)]
    _renamed(rng, accounts, casuals, ("", ".", "_"))
    lurkers = [replace(_tiktok_casual(rng, accounts), arrives=0.0) for _ in range(TIKTOK_LURKERS)]
    return Circle(host, tuple(_by_zipf([*regulars, *casuals], len(regulars))), tuple(lurkers))


def _tiktok_casual(rng: random.Random, accounts: _Accounts) -> Persona:
    login, given = accounts.login(("", ".", ".", "_"))
    language, verified = rng.choice(_TONGUES), rng.random() < 0.02
    arrives = rng.uniform(0.05, 0.9) if rng.random() < 0.3 else 0.0
    subscribes = rng.uniform(arrives, 1.0) if rng.random() < 0.2 else None
    return Persona(
        Person(accounts.tiktok_id(), login, _nickname(rng, given), about=about(rng, language, verified=verified)),
        VERIFIED * verified,
        attends=rng.uniform(0.15, 0.6),
        arrives=arrives,
        style="emoji" if rng.random() < 0.5 else "",
        language=language,
        subscribes=subscribes,
        taps=rng.uniform(2.0, 4.5) if rng.random() < TAPPERS else 0.0,
    )


def _renamed(rng: random.Random, accounts: _Accounts, people: list[Persona], separators: Sequence[str]) -> None:
    """Lets a few of ``people``, whom the channel has known for long, have had another name before."""
    old = [number for number, persona in enumerate(people) if persona.arrives == 0 and persona.attends > 0.4]
    for number in rng.sample(old, RENAMED):
        login, given = accounts.login(separators)
        former = replace(people[number].person, login=login, name=given.capitalize())
        people[number] = replace(people[number], formerly=former, renamed=rng.uniform(0.25, 0.8))


def _by_zipf(people: list[Persona], regulars: int) -> Iterator[Persona]:
    """The n-th most talkative says about 1/n of what the first says; flattened at the top, or one would drown all."""
    for rank, persona in enumerate(people):
        yield replace(persona, weight=40.0 / (rank + 8) if rank < regulars else 40.0 / (rank + 16))


def _name_parts(number: int) -> tuple[str, str, str]:
    total = len(names.FIRST_PARTS) * len(names.SECOND_PARTS) * len(names.TAILS)
    rest, first = divmod(number * _A_LARGE_PRIME % total, len(names.FIRST_PARTS))
    tail, second = divmod(rest, len(names.SECOND_PARTS))
    return names.FIRST_PARTS[first], names.SECOND_PARTS[second], names.TAILS[tail]


def _nickname(rng: random.Random, given: str) -> str:
    pattern = rng.choice(names.NICKNAMES)
    return pattern.format(given.capitalize()) if pattern else given.capitalize()


def _color(rng: random.Random) -> str:
    return rng.choice(names.COLORS) if rng.random() < 0.9 else ""
