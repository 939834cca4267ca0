"""Money: amounts as whole millionths of a currency's unit, so that sums stay exact; rounded once and at the end.

A TikTok coin may be worth half a cent: in cents its sums would drift. A millionth holds every amount of every currency
(at most four decimals) and every worth of a coin or bit (at most six).
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal

# ISO 4217 currencies whose minor unit is not a hundredth. To change one changes what is stored: `ingest.minor_units`.
# Pages are told them, because browsers have other opinions of some.
UNUSUAL_MINOR_DIGITS = {
    **dict.fromkeys("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split(), 0),
    **dict.fromkeys("BHD IQD JOD KWD LYD OMR TND".split(), 3),
    **dict.fromkeys("CLF UYW".split(), 4),
}

MICROS = 1_000_000  # in one unit of a currency: the ledger counts in these
MOST_DECIMALS = 6


def minor_digits(currency: str) -> int:
    """How many digits the minor unit of a currency (ISO 4217) has: 2 for cents."""
    return UNUSUAL_MINOR_DIGITS.get(currency, 2)


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
