"""Lists of viewers from elsewhere: which column means what, and what may stand in its cells."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from rules import profiles
from rules.csv_table import Table
from rules.erasure import ERASED
from rules.profiles import Invalid

MOST_ROWS = 100_000
MOST_PROBLEMS = 500  # told in full; beyond them only their number
PLATFORMS = ("twitch", "tiktok")
NAME_LENGTH, DISPLAY_LENGTH, ID_LENGTH = 64, 128, 64  # the columns'
PROVISIONAL = "name:"  # how ids begin that no platform gave
MOST = 10**12
EARLIEST = datetime(2010, 1, 1, tzinfo=UTC)  # before it there was no live streaming

# The columns of ``viewer_baselines``, by the fields that fill them and with what one of theirs is worth.
TOTALS = {
    "visits": ("visits", 1),
    "watchtime_seconds": ("watchtime_ms", 1_000),
    "watchtime_hours": ("watchtime_ms", 3_600_000),
    "comments": ("comments", 1),
    "coins": ("coins", 1),
    "gifts": ("gifts", 1),
    "likes": ("likes", 1),
    "shares": ("shares", 1),
}
_FREE = {"display_name": DISPLAY_LENGTH, "gender": 32, "country": 64, "language": 32}
FIELDS = (
    *("platform", "username", "platform_user_id", *_FREE, *profiles.EDITABLE),
    *("vip_tier", "first_seen_at", *TOTALS),
)
# What other programs call them, without capitals and signs.
_ALIASES = {
    "username": "user login handle uniqueid account tiktokusername twitchusername viewer",
    "platform_user_id": "userid tiktokuserid twitchuserid twitchid tiktokid uid",
    "display_name": "nickname fullname name",
    "birthday": "birthdate dateofbirth dob",
    "notes": "note remarks",
    "tags": "tag labels",
    "discord_username": "discord discordname",
    "tts_voice": "tts voice",
    "is_favorite": "favorite favourite isfavourite",
    "is_blocked": "blocked",
    "is_moderator": "moderator mod",
    "vip_tier": "tier viplevel",
    "language": "lang",
    "first_seen_at": "firstseen firstseenon since",
    "visits": "totalvisits",
    "watchtime_seconds": "totalwatchtimeseconds",
    "watchtime_hours": "totalwatchtimehours hourswatched watchhours",
    "comments": "totalcomments messages totalmessages chatmessages",
    "coins": "totalcoinsspent totalcoins coinsspent",
    "gifts": "totalgiftssent totalgifts giftssent",
    "likes": "totallikes",
    "shares": "totalshares",
}
# Only our own export has all of these: its totals are of this database, not of a time before it.
_OF_OUR_EXPORT = {"id", "platform_user_id", "total_watchtime_seconds", "total_coins_spent", "updated_at"}

_YES = frozenset("true yes y 1 x on ja si oui".split())
_NO = frozenset("false no n 0 off nein non -".split())
_WHOLE = re.compile(r"\d{1,15}(?:\.0+)?", re.ASCII)
_DECIMAL = re.compile(r"\d{1,12}(?:\.\d{1,6})?", re.ASCII)
# As spreadsheets show numbers: "1,234" (but "1.234" may be one and a bit), and "12,5" where the comma is the point.
_THOUSANDS = re.compile(r"\d{1,3}(?:[,'’ \u00a0\u202f]\d{3})+", re.ASCII)
_DECIMAL_COMMA = re.compile(r"\d{1,12},(?:\d{1,2}|\d{4,6})", re.ASCII)
_ROUNDED = re.compile(r"\d(?:[.,]\d+)?E\+\d+", re.ASCII | re.IGNORECASE)


@dataclass(slots=True)
class Entry:
    """One row that can be taken. ``values``: what else it says of the person, by the names of the profile's fields."""

    line: int
    platform: str
    user_id: str
    username: str
    values: dict[str, Any] = field(default_factory=dict)
    totals: dict[str, int] = field(default_factory=dict)  # by the columns of `viewer_baselines`
    vip_tier: str = ""
    first_seen_at_ms: int | None = None


@dataclass(slots=True)
class Problems:
    """What is wrong with cells, by line and their own name of the column; not more than MOST_PROBLEMS are kept."""

    number: int = 0
    kept: list[dict[str, Any]] = field(default_factory=list)

    def add(self, line: int, column: str, message: str) -> None:
        self.number += 1
        if len(self.kept) < MOST_PROBLEMS:
            self.kept.append({"line": line, "column": column, "message": message})


@dataclass(frozen=True, slots=True)
class Columns:
    """``fields``: our field for each of their columns, None where it is left out."""

    names: list[str]
    fields: list[str | None]
    is_our_export: bool

    def name_of(self, wanted: str) -> str:
        return self.names[self.fields.index(wanted)] if wanted in self.fields else wanted


def columns_of(header: Sequence[str], mapping: Mapping[str, str | None] | None) -> Columns:
    """What each column means: as ``mapping`` says (theirs → ours), or else as far as its name tells. Raises Invalid."""
    fields = _guessed(header) if mapping is None else _mapped(header, mapping)
    given = [one for one in fields if one]
    if len(set(given)) < len(given):
        raise Invalid([{"field": "mapping", "message": "two columns must not mean the same"}])
    if not {"username", "platform_user_id"} & set(given):
        named = ", ".join(name for name in header if name)
        told = f"a column must be the username (or platform_user_id); the first row names: {named[:200]}"
        raise Invalid([{"field": "mapping", "message": told}])
    if {"watchtime_seconds", "watchtime_hours"} <= set(given):
        raise Invalid([{"field": "mapping", "message": "the watchtime must be in seconds or in hours, not in both"}])
    return Columns(list(header), fields, set(header) >= _OF_OUR_EXPORT)


def entries(table: Table, columns: Columns, platform: str, now_ms: int, problems: Problems) -> list[Entry]:
    """Every row that can be taken; what is wrong with the others goes to ``problems``. Raises UnreadableTable."""
    reader = _Reader(columns, platform, now_ms, problems)
    found = []
    for count, (line, cells) in enumerate(table.rows()):
        if count == MOST_ROWS:
            raise Invalid([{"field": "file", "message": f"must not have more than {MOST_ROWS:,} rows"}])
        if (entry := reader.entry(line, cells)) is not None:
            found.append(entry)
    return found


class _Reader:
    """Reads rows one by one; today and the columns are the same for all."""

    def __init__(self, columns: Columns, platform: str, now_ms: int, problems: Problems) -> None:
        self._columns = columns
        self._platform = platform
        self._now = datetime.fromtimestamp(now_ms / 1000, UTC)
        self._problems = problems

    def entry(self, line: int, cells: list[str]) -> Entry | None:
        if len(cells) > len(self._columns.names):
            self._problems.add(line, "", f"has {len(cells)} cells, but there are {len(self._columns.names)} columns")
            return None
        entry, before = Entry(line, self._platform, "", ""), self._problems.number
        for name, meaning, cell in zip(self._columns.names, self._columns.fields, cells, strict=False):
            # An empty cell says nothing: nobody loses their notes by it.
            if meaning is None or not cell.strip():
                continue
            try:
                self._take(entry, meaning, cell)
            except ValueError as error:
                self._problems.add(line, name, str(error))
        if self._problems.number == before and not entry.username and not entry.user_id:
            self._problems.add(line, self._columns.name_of("username"), "is missing")
        return entry if self._problems.number == before else None

    def _take(self, entry: Entry, meaning: str, cell: str) -> None:
        if meaning in TOTALS:
            column, worth = TOTALS[meaning]
            entry.totals[column] = _number(cell, worth)
        elif meaning in profiles.EDITABLE:
            entry.values[meaning] = _editable(meaning, cell, self._now.date())
        elif meaning in _FREE:
            entry.values[meaning] = profiles.line(cell, _FREE[meaning])
        elif meaning == "first_seen_at":
            entry.first_seen_at_ms = _instant_ms(cell, self._now)
        else:
            setattr(entry, *_IDENTITY[meaning](cell))


def _guessed(header: Sequence[str]) -> list[str | None]:
    found: list[str | None] = [None] * len(header)
    # Whoever uses our own name means it, whatever else sounds like it.
    for names in ({_bare(name): name for name in FIELDS}, _by_alias()):
        for number, theirs in enumerate(header):
            meaning = names.get(_bare(theirs))
            if found[number] is None and meaning and meaning not in found:
                found[number] = meaning
    return found


def _by_alias() -> dict[str, str]:
    return {alias: name for name, aliases in _ALIASES.items() for alias in aliases.split()}


def _bare(name: str) -> str:
    return re.sub(r"[\W_]", "", name.casefold())


def _mapped(header: Sequence[str], mapping: Mapping[str, str | None]) -> list[str | None]:
    wrong = [
        {"field": "mapping", "message": f"there is no column {theirs[:80]!r}"}
        for theirs in mapping
        if theirs not in header
    ]
    wrong += [
        {"field": "mapping", "message": f"{str(ours)[:80]!r} is no field; there are: {', '.join(FIELDS)}"}
        for ours in mapping.values()
        if ours and ours not in FIELDS
    ]
    if wrong:
        raise Invalid(wrong)
    return [mapping.get(theirs) or None for theirs in header]


def _platform(cell: str) -> tuple[str, str]:
    platform = cell.strip().lower()
    if platform not in PLATFORMS:
        raise ValueError(f"must be one of: {', '.join(PLATFORMS)}")
    return "platform", platform


def _username(cell: str) -> tuple[str, str]:
    name = profiles.line(cell, NAME_LENGTH + 1).lstrip("@").lower()
    if not name or len(name) > NAME_LENGTH or re.search(r"[\s:/]", name):
        raise ValueError(f"must be a name of at most {NAME_LENGTH} letters, without spaces")
    return "username", name


def _user_id(cell: str) -> tuple[str, str]:
    user_id = profiles.line(cell, ID_LENGTH)
    if _ROUNDED.fullmatch(user_id):
        raise ValueError("was rounded by a spreadsheet: the column must be text")
    if user_id.startswith(PROVISIONAL):
        return "user_id", ""  # our own export of somebody whose id is not known yet
    if user_id.startswith(ERASED):
        raise ValueError("is no platform's id")
    return "user_id", user_id


_IDENTITY: dict[str, Callable[[str], tuple[str, str]]] = {
    "platform": _platform,
    "username": _username,
    "platform_user_id": _user_id,
    "vip_tier": lambda cell: ("vip_tier", profiles.line(cell, 64)),
}


def _editable(meaning: str, cell: str, today: date) -> Any:
    value: Any = cell
    if meaning == "tags":
        value = re.split(f"[{profiles.SEPARATORS}]", cell)
    elif meaning.startswith("is_"):
        value = _switch(cell)
    elif meaning != "notes":
        value = cell.strip()
    return profiles.clean_field(meaning, value, today)


def _switch(cell: str) -> bool:
    word = cell.strip().casefold()
    if word not in _YES | _NO:
        raise ValueError("must be yes or no")
    return word in _YES


def _number(cell: str, worth: int) -> int:
    text = cell.strip()
    if _THOUSANDS.fullmatch(text) and (worth != 3_600_000 or "," not in text):  # "1,234" hours may be one and a bit
        text = re.sub(r"\D", "", text)
    if worth == 3_600_000:
        if _DECIMAL_COMMA.fullmatch(text):
            text = text.replace(",", ".")
        if not _DECIMAL.fullmatch(text):
            raise ValueError("must be a number of hours, like 12.5")
        number = round(float(text) * worth)
    elif not _WHOLE.fullmatch(text):
        raise ValueError("must be a whole number, 0 or more")
    else:
        number = int(text.partition(".")[0]) * worth
    if number > MOST * worth:
        raise ValueError("is larger than anything that can be counted")
    return number


def _instant_ms(cell: str, now: datetime) -> int:
    try:
        found = datetime.fromisoformat(cell.strip())
    except ValueError:
        raise ValueError("must be a day or an instant like 2026-01-31T20:15:00+01:00") from None
    found = found if found.tzinfo else found.replace(tzinfo=UTC)
    if not EARLIEST <= found <= now:
        raise ValueError("must lie between 2010 and now")
    return round(found.timestamp() * 1000)
