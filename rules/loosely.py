"""What other programs' files mean: numbers as texts, texts as numbers, lists and spans of time in words, Unix times."""

from __future__ import annotations

import re
from typing import Any

_AROUND_NUMBER = r"[$€£]?\s*(-?{number})\s*(?:[%$€£]|[A-Za-z]{{3}})?"
_NUMBER = re.compile(_AROUND_NUMBER.format(number=r"\d+(?:,\d{3})*(?:\.\d+)?"), re.ASCII)
# "14,99" and "1.199,00"; "1,199" is what it is in English, and "1.199" no more than a number with three decimals.
_WITH_DECIMAL_COMMA = re.compile(_AROUND_NUMBER.format(number=r"(?:\d+|\d{1,3}(?:\.\d{3})+),\d{1,2}"), re.ASCII)
_UNIX_TIME = re.compile(r"(\d{9,10}|\d{12,13})(?:\.\d+)?", re.ASCII)  # seconds, or milliseconds, since 1970
_CYCLES = {"month": 1, "monthly": 1, "quarter": 3, "quarterly": 3, "halfyearly": 6, "semiannual": 6}
_CYCLES |= {"semiannually": 6, "year": 12, "yearly": 12, "annual": 12, "annually": 12}


def number(words: str) -> str:
    """The number in a text such as "9.99", "$9.99", "14,99 €" or "85 %", as Python writes it; "" without one."""
    if found := _WITH_DECIMAL_COMMA.fullmatch(words.strip()):
        return found[1].replace(".", "").replace(",", ".")
    found = _NUMBER.fullmatch(words.strip())
    return found[1].replace(",", "") if found else ""


def text(given: Any) -> Any:
    """A number, or a list of texts, as a text; all else as it is."""
    if isinstance(given, list) and all(isinstance(one, str) for one in given):
        return ", ".join(given)
    return str(given) if isinstance(given, (int, float)) and not isinstance(given, bool) else given


def months(words: str) -> int | None:
    """How many months a cycle of payments lasts: "monthly", "half-yearly"."""
    return _CYCLES.get(re.sub(r"[\W_]", "", words.casefold()))


def unix_ms(given: Any) -> int | None:
    """Seconds or milliseconds since 1970, a number or a text, as milliseconds; None for what is no such time."""
    found = None if isinstance(given, bool) else _UNIX_TIME.fullmatch(str(given).strip())
    return None if found is None else round(float(found[0]) * (1000 if len(found[1]) <= 10 else 1))
