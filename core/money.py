"""Money: amounts as whole millionths of a currency's unit, so that sums stay exact; rounded once and at the end.

A TikTok coin may be worth half a cent: in cents its sums would drift. A millionth holds every amount of every currency
(at most three decimals) and every worth of a coin or bit (at most six).
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal

# ISO 4217 currencies whose minor unit is not a hundredth.
_MINOR_DIGITS = {"BIF": 0, "CLP": 0, "ISK": 0, "JPY": 0, "KRW": 0, "PYG": 0, "UGX": 0, "VND": 0, "XAF": 0, "XOF": 0} | {
    "BHD": 3,
    "IQD": 3,
    "JOD": 3,
    "KWD": 3,
    "OMR": 3,
    "TND": 3,
}


MICROS = 1_000_000  # in one unit of a currency: the ledger counts in these
MOST_DECIMALS = 6


def minor_digits(currency: str) -> int:
    """How many digits the minor unit of a currency (ISO 4217) has: 2 for cents."""
    return _MINOR_DIGITS.get(currency, 2)


def micros(amount: Decimal) -> int:
    """An amount of at most six decimals as millionths."""
    return int(amount.scaleb(MOST_DECIMALS))


def micros_of_minor(minor: int, currency: str) -> int:
    """Cents (or whatever the minor unit of ``currency`` is) as millionths."""
    return int(minor * 10 ** (MOST_DECIMALS - minor_digits(currency)))


def rounded(amount_micros: float, currency: str) -> float:
    """Millionths as a JSON number, rounded to the currency's minor unit: the one and last rounding."""
    unit = Decimal(1).scaleb(-minor_digits(currency))
    exact = Decimal(amount_micros).scaleb(-MOST_DECIMALS)
    return float(exact.quantize(unit, ROUND_HALF_EVEN)) + 0.0  # never -0.0


def exact(amount_micros: int) -> float:
    """Millionths as a JSON number, with all they hold: for single amounts, that nobody has to add up."""
    return float(Decimal(amount_micros).scaleb(-MOST_DECIMALS))


@dataclass(frozen=True, slots=True)
class Rates:
    """What one TikTok coin (diamond) and one Twitch bit earn, in ``currency``, with at most six decimals."""

    currency: str
    coin_value: Decimal
    bit_value: Decimal
