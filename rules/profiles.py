"""What people may edit of a person's profile, and what they may write there."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from rules import birthdays

NOTES_LENGTH = 10_000
DISCORD_LENGTH = 64  # the column's
MOST_TAGS, TAG_LENGTH = 30, 40
SEPARATORS = ",;"  # between tags, in lists of people as in forms

# Signs that no form can write and that break lines, files or databases (PostgreSQL takes no NUL, UTF-8 no half of a
# pair of surrogates).
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_LINE_CONTROL = re.compile(r"[\x00-\x1f\x7f\u2028\u2029\ud800-\udfff]")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Voice:
    """A voice for reading somebody's messages aloud; ``value`` is its code as TikTok names its voices."""

    value: str
    label: str


# The plain voices, without the characters from films: codes that text-to-speech tools for TikTok have in common.
VOICES = tuple(
    Voice(value, label)
    for value, label in (
        ("en_us_001", "English (US), female 1"),
        ("en_us_002", "English (US), female 2"),
        ("en_us_006", "English (US), male 1"),
        ("en_us_007", "English (US), male 2"),
        ("en_us_009", "English (US), male 3"),
        ("en_us_010", "English (US), male 4"),
        ("en_uk_001", "English (UK), male 1"),
        ("en_uk_003", "English (UK), male 2"),
        ("en_au_001", "English (Australia), female"),
        ("en_au_002", "English (Australia), male"),
        ("en_male_narration", "English, narrator"),
        ("en_female_emotional", "English, gentle"),
        ("de_001", "German, female"),
        ("de_002", "German, male"),
        ("es_002", "Spanish (Spain), male"),
        ("es_mx_002", "Spanish (Mexico), male"),
        ("fr_001", "French, male 1"),
        ("fr_002", "French, male 2"),
        ("it_male_m18", "Italian, male"),
        ("br_001", "Portuguese (Brazil), female 1"),
        ("br_003", "Portuguese (Brazil), female 2"),
        ("br_004", "Portuguese (Brazil), female 3"),
        ("br_005", "Portuguese (Brazil), male"),
        ("id_001", "Indonesian, female"),
        ("jp_001", "Japanese, female 1"),
        ("jp_003", "Japanese, female 2"),
        ("jp_005", "Japanese, female 3"),
        ("jp_006", "Japanese, male"),
        ("kr_002", "Korean, male 1"),
        ("kr_003", "Korean, female"),
        ("kr_004", "Korean, male 2"),
    )
)
_VOICE_CODES = frozenset(voice.value for voice in VOICES)


class Invalid(Exception):
    """What was given cannot be taken; ``details`` says of each field why: ``[{"field", "message"}]``."""

    def __init__(self, details: Sequence[Mapping[str, str]]) -> None:
        self.details = [dict(detail) for detail in details]
        said = (": ".join(filter(None, (detail["field"], detail["message"]))) for detail in self.details)
        super().__init__("; ".join(said))


def clean(changes: Mapping[str, Any], today: date) -> dict[str, Any]:
    """The changes as they are kept. Raises Invalid, naming every field that cannot be taken."""
    cleaned, wrong = {}, []
    for field, value in changes.items():
        try:
            cleaned[field] = clean_field(field, value, today)
        except ValueError as error:
            wrong.append({"field": field, "message": str(error)})
    if wrong:
        raise Invalid(wrong)
    return cleaned


def clean_field(field: str, value: Any, today: date) -> Any:
    """One field's value as it is kept. Raises ValueError with a sentence for people."""
    if field not in _FIELDS:
        raise ValueError(f"cannot be edited; what can: {', '.join(EDITABLE)}")
    return _FIELDS[field](value, today)


def line(value: Any, longest: int) -> str:
    """Text on one line. Raises ValueError."""
    if not isinstance(value, str):
        raise ValueError("must be text")
    text: str = value.strip()
    if len(text) > longest:
        raise ValueError(f"must not be longer than {longest} characters")
    if _LINE_CONTROL.search(text):
        raise ValueError("must be plain text on one line")
    return text


def tags(value: Any) -> list[str]:
    """Trimmed, none empty, and each once, whatever its capitals: the first spelling stays. Raises ValueError."""
    if not isinstance(value, (list, tuple)):
        raise ValueError("must be a list of texts")
    found: dict[str, str] = {}
    for given in value:
        try:
            tag = " ".join(line(given, TAG_LENGTH * 10).split())
        except ValueError as error:
            raise ValueError(f"each tag {error}") from None
        if len(tag) > TAG_LENGTH:
            raise ValueError(f"each tag must not be longer than {TAG_LENGTH} characters")
        if any(sign in tag for sign in SEPARATORS):
            raise ValueError("a tag has no comma and no semicolon: these stand between tags")
        if tag:
            found.setdefault(tag.casefold(), tag)
    if len(found) > MOST_TAGS:
        raise ValueError(f"must not be more than {MOST_TAGS} tags")
    return list(found.values())


def _voice(value: Any, _today: date) -> str:
    voice = line("" if value is None else value, 64)
    if voice and voice not in _VOICE_CODES:
        raise ValueError("is none of the voices that tts/voices lists")
    return voice


def _discord(value: Any, _today: date) -> str:
    return line("" if value is None else value, DISCORD_LENGTH)


def _birthday(value: Any, today: date) -> str | None:
    if value is None or value == "":
        return None
    # Python reads other forms of dates as well, such as weeks.
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        raise ValueError("must be a date like 1999-12-31, or null")
    found = birthdays.parse(value)
    if found > today:
        raise ValueError("must not be in the future")
    return value


def _notes(value: Any, _today: date) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise ValueError("must be text")
    text = value.replace("\r\n", "\n").replace("\r", "\n")
    if len(text) > NOTES_LENGTH:
        raise ValueError(f"must not be longer than {NOTES_LENGTH:,} characters")
    if _CONTROL.search(text):
        raise ValueError("must be plain text, without control characters")
    return text


def _switch(value: Any, _today: date) -> bool:
    if not isinstance(value, bool):
        raise ValueError("must be true or false")
    return value


_FIELDS: dict[str, Callable[[Any, date], Any]] = {
    "tts_voice": _voice,
    "discord_username": _discord,
    "birthday": _birthday,
    "notes": _notes,
    "tags": lambda value, _today: tags(value),
    "is_favorite": _switch,
    "is_blocked": _switch,
    "is_moderator": _switch,
}
EDITABLE = tuple(_FIELDS)
