"""What may stand in a field of the library's records: how it is checked, stored, told again, and described.

A kind of value turns what a caller or a file says into what the database holds (``clean``), and that into what is
answered (``tell``). ``Setting`` is what the installation decides of it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from core.clock import iso
from core.money import minor_digits
from rules import loosely

HIGHEST_ID = 2**63 - 1  # what a column holds; CockroachDB gives such ids
HIGHEST_AMOUNT = 1_000_000_000
STATES = ("active", "cancelled")
EARLIEST_MS = 1000 * int(datetime(1970, 1, 2, tzinfo=UTC).timestamp())
LATEST_MS = 1000 * int(datetime(2200, 1, 1, tzinfo=UTC).timestamp())
HAIR = Decimal("0.000001")  # so far may an amount be from whole cents: it is the noise of binary fractions

# Signs that no form can write and that break lines, files or databases (PostgreSQL takes no NUL, UTF-8 no half of a
# pair of surrogates).
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_LINE_CONTROL = re.compile(r"[\x00-\x1f\x7f\u2028\u2029\ud800-\udfff]")
_ADDRESS = re.compile(r"[^\s@]+@[^\s@]+")
DAY_OR_TIME = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ].*)?$"
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_PART_OF_DATE = re.compile(r"\d{4}(-\d{2}(-\d{2})?)?", re.ASCII)


class Unfit(ValueError):
    """The value does not fit; the message ends a sentence that begins with the field's name."""


@dataclass(frozen=True, slots=True)
class Setting:
    """``zone``: whose midnight begins a day; ``currency``: of amounts that name none.

    ``lenient``: values come from a file, and are read ``loosely``.
    """

    zone: ZoneInfo
    currency: str
    lenient: bool = False


class Value:
    """A kind of value. ``hidden`` ones are taken and never told."""

    hidden = False

    def clean(self, given: Any, setting: Setting, row: Mapping[str, Any]) -> Any:
        """What is stored for ``given``; ``row`` holds what was cleaned before it. Raises Unfit."""
        raise NotImplementedError

    def tell(self, stored: Any, setting: Setting, row: Any) -> Any:  # noqa: ARG002
        """As JSON; ``row`` has the record's other columns."""
        return stored

    def schema(self) -> dict[str, Any]:
        """What is taken, as JSON Schema."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Text(Value):
    most: int
    least: int = 1
    lines: bool = False

    def clean(self, given: Any, setting: Setting, row: Mapping[str, Any]) -> str:  # noqa: ARG002
        if setting.lenient:
            given = loosely.text(given)
        if not isinstance(given, str):
            raise Unfit("must be text")
        text = given.strip()
        if not self.least <= len(text) <= self.most:
            raise Unfit(f"must have {self.least} to {self.most} characters")
        if (_CONTROL if self.lines else _LINE_CONTROL).search(text):
            raise Unfit("has characters that cannot be shown")
        return text

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "minLength": self.least, "maxLength": self.most}


@dataclass(frozen=True, slots=True)
class Email(Value):
    def clean(self, given: Any, setting: Setting, row: Mapping[str, Any]) -> str:  # noqa: ARG002
        text = given.strip() if isinstance(given, str) else ""
        if not _ADDRESS.fullmatch(text) or len(text) > 254 or _LINE_CONTROL.search(text):
            raise Unfit("must be an e-mail address such as ann@example.com")
        return text

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "minLength": 3, "maxLength": 254, "format": "email"}


@dataclass(frozen=True, slots=True)
class Password(Value):
    """Left in clear by ``clean``: whoever stores it hashes it. Its rules are those of the site that checks it."""

    hidden = True

    def clean(self, given: Any, setting: Setting, row: Mapping[str, Any]) -> str:  # noqa: ARG002
        if setting.lenient and isinstance(given, int) and not isinstance(given, bool):
            given = str(given)
        if not isinstance(given, str) or not 1 <= len(given) <= 256:
            raise Unfit("must be a text of 1 to 256 characters")
        if re.search(r"[\ud800-\udfff]", given):
            raise Unfit("has characters that cannot be shown")
        return given

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "minLength": 1, "maxLength": 256, "writeOnly": True}


@dataclass(frozen=True, slots=True)
class Whole(Value):
    least: int
    most: int

    def clean(self, given: Any, setting: Setting, row: Mapping[str, Any]) -> int:  # noqa: ARG002
        number = _number(given, setting)
        if number is None or number != number.to_integral_value() or not self.least <= number <= self.most:
            raise Unfit(f"must be a whole number from {self.least:,} to {self.most:,}")
        return int(number)

    def schema(self) -> dict[str, Any]:
        return {"type": "integer", "minimum": self.least, "maximum": self.most}


@dataclass(frozen=True, slots=True)
class Months(Whole):
    """The same for a span of time, which files tell in words as well."""

    def clean(self, given: Any, setting: Setting, row: Mapping[str, Any]) -> int:
        if not setting.lenient or not isinstance(given, str) or _number(given, setting) is not None:
            return Whole.clean(self, given, setting, row)
        months = loosely.months(given)
        if months is None:
            raise Unfit("must be a number of months, or one of: monthly, quarterly, half-yearly, yearly")
        return months


@dataclass(frozen=True, slots=True)
class Reference(Value):
    """The id of a record of another kind, whose path is ``to``."""

    to: str

    def clean(self, given: Any, setting: Setting, row: Mapping[str, Any]) -> int:  # noqa: ARG002
        number = _number(given, setting)
        if number is None or number != number.to_integral_value() or not 1 <= number <= HIGHEST_ID:
            raise Unfit("must be the id of a record: a whole number from 1 on")
        return int(number)

    def schema(self) -> dict[str, Any]:
        return {"type": "integer", "minimum": 1, "maximum": HIGHEST_ID}


@dataclass(frozen=True, slots=True)
class Hundredths(Value):
    """A number with two decimals, stored as whole hundredths so that sums are exact."""

    most: int

    def clean(self, given: Any, setting: Setting, row: Mapping[str, Any]) -> int:  # noqa: ARG002
        number = _number(given, setting)
        if number is None or not 0 <= number <= self.most:
            raise Unfit(f"must be a number from 0 to {self.most}")
        return int((number * 100).to_integral_value(ROUND_HALF_EVEN))

    def tell(self, stored: Any, setting: Setting, row: Any) -> Any:  # noqa: ARG002
        return None if stored is None else stored / 100

    def schema(self) -> dict[str, Any]:
        return {"type": "number", "minimum": 0, "maximum": self.most}


@dataclass(frozen=True, slots=True)
class Rating(Hundredths):
    """The same where there may be none: that is stored as −1, because databases do not agree where NULL is sorted."""

    def clean(self, given: Any, setting: Setting, row: Mapping[str, Any]) -> int:
        return -1 if given is None else Hundredths.clean(self, given, setting, row)

    def tell(self, stored: Any, setting: Setting, row: Any) -> Any:
        return None if stored < 0 else Hundredths.tell(self, stored, setting, row)


@dataclass(frozen=True, slots=True)
class Currency(Value):
    def clean(self, given: Any, setting: Setting, row: Mapping[str, Any]) -> str:  # noqa: ARG002
        if not isinstance(given, str) or not re.fullmatch(r"[A-Za-z]{3}", given.strip(), re.ASCII):
            raise Unfit("must be three letters such as USD")
        return given.strip().upper()

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "pattern": "^[A-Za-z]{3}$"}


@dataclass(frozen=True, slots=True)
class Money(Value):
    """An amount of the row's ``currency``, stored in its minor unit."""

    def clean(self, given: Any, setting: Setting, row: Mapping[str, Any]) -> int:
        number = _number(given, setting)
        if number is None or not 0 <= number <= HIGHEST_AMOUNT:
            raise Unfit(f"must be a number from 0 to {HIGHEST_AMOUNT:,}")
        digits = minor_digits(row["currency"])
        minor = number.scaleb(digits)
        whole = minor.to_integral_value(ROUND_HALF_EVEN)
        if abs(minor - whole) > HAIR:
            raise Unfit(f"must have {f'at most {digits}' if digits else 'no'} decimals in {row['currency']}")
        return int(whole)

    def tell(self, stored: Any, setting: Setting, row: Any) -> Any:  # noqa: ARG002
        return amount(stored, row.currency)

    def schema(self) -> dict[str, Any]:
        return {"type": "number", "minimum": 0, "maximum": HIGHEST_AMOUNT}


@dataclass(frozen=True, slots=True)
class Moment(Value):
    """A time, stored as UTC milliseconds. A mere day begins at midnight in TIMEZONE, where times without offset are."""

    def clean(self, given: Any, setting: Setting, row: Mapping[str, Any]) -> int:  # noqa: ARG002
        if setting.lenient and (moment_ms := loosely.unix_ms(given)) is not None:
            return _in_our_time(moment_ms)
        if not isinstance(given, str):
            raise Unfit(_NO_MOMENT)
        return _milliseconds(given.strip(), setting.zone)

    def tell(self, stored: Any, setting: Setting, row: Any) -> Any:  # noqa: ARG002
        return None if stored is None else iso(stored, setting.zone)

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "pattern": DAY_OR_TIME}


@dataclass(frozen=True, slots=True)
class PartialDate(Value):
    """A year, a month of it, or a day; "" where none is known."""

    def clean(self, given: Any, setting: Setting, row: Mapping[str, Any]) -> str:  # noqa: ARG002
        if given is None:
            return ""
        wrong = Unfit("must be a year, a month or a day: 2024, 2024-08 or 2024-08-31")
        if isinstance(given, int) and not isinstance(given, bool):
            given = str(given)
        if not isinstance(given, str):
            raise wrong
        text = given.strip()[:10] if setting.lenient else given.strip()
        if not _PART_OF_DATE.fullmatch(text):
            raise wrong
        try:
            date.fromisoformat(f"{text}-01-01"[:10])
        except ValueError as error:
            raise wrong from error
        return text

    def tell(self, stored: Any, setting: Setting, row: Any) -> Any:  # noqa: ARG002
        return stored or None

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "pattern": "^[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?$"}


@dataclass(frozen=True, slots=True)
class State(Value):
    """Whether there is a time at which it ended."""

    def tell(self, stored: Any, setting: Setting, row: Any) -> str:  # noqa: ARG002
        return STATES[stored is not None]

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "enum": list(STATES)}


@dataclass(frozen=True, slots=True)
class Present(Value):
    """Whether there is anything."""

    def tell(self, stored: Any, setting: Setting, row: Any) -> bool:  # noqa: ARG002
        return stored is not None

    def schema(self) -> dict[str, Any]:
        return {"type": "boolean"}


@dataclass(frozen=True, slots=True)
class Average(Value):
    """A sum of hundredths over how many there are, which the column ``over`` says."""

    over: str

    def tell(self, stored: Any, setting: Setting, row: Any) -> float | None:  # noqa: ARG002
        count = int(getattr(row, self.over))
        return float(round(int(stored) / count / 100, 2)) if count else None

    def schema(self) -> dict[str, Any]:
        return {"type": "number"}


@lru_cache(maxsize=8192)  # lists of an import name the same days over and over
def _milliseconds(text: str, zone: ZoneInfo) -> int:
    try:
        moment = datetime.fromisoformat(text) if _DAY.match(text) else None
    except ValueError:
        moment = None
    if moment is None:
        raise Unfit(_NO_MOMENT)
    moment = moment.replace(tzinfo=moment.tzinfo or zone)
    if not 1970 <= moment.year <= 2200:  # beyond, some systems know no timestamp
        raise Unfit(_NOT_OUR_TIME)
    return _in_our_time(round(moment.timestamp() * 1000))


def _in_our_time(moment_ms: int) -> int:
    if not EARLIEST_MS <= moment_ms < LATEST_MS:
        raise Unfit(_NOT_OUR_TIME)
    return moment_ms


_NOT_OUR_TIME = "must lie between 1970 and 2199"
_NO_MOMENT = "must be a day or time such as 2026-11-21 or 2026-11-21T18:30:00+01:00"


def name_key(name: str) -> str:
    """What makes names and addresses the same, whatever their capitals."""
    return unicodedata.normalize("NFC", name).casefold()


def amount(minor: int | None, currency: str) -> float | None:
    """An amount of a currency's minor unit as a JSON number."""
    if minor is None:
        return None
    digits = minor_digits(currency)
    return float(round(int(minor) / 10**digits, digits))


def _number(given: Any, setting: Setting) -> Decimal | None:
    if isinstance(given, str) and setting.lenient:
        given = loosely.number(given)
    elif isinstance(given, bool) or not isinstance(given, (int, float)):
        return None
    try:
        number = Decimal(given if isinstance(given, int) else str(given))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None
