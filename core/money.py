"""Money: worth of coins and bits, rounded once and at the end."""

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


def minor_digits(currency: str) -> int:
    """How many digits the minor unit of a currency (ISO 4217) has: 2 for cents."""
    return _MINOR_DIGITS.get(currency, 2)


@dataclass(frozen=True, slots=True)
class Rates:
    """What one TikTok coin (diamond) and one Twitch bit earn, in ``currency``."""

    currency: str
    coin_value: Decimal
    bit_value: Decimal

    def amount(self, value: Decimal) -> float:
        """``value`` rounded to the currency's minor unit, as a JSON number."""
        unit = Decimal(1).scaleb(-minor_digits(self.currency))
        return float(value.quantize(unit, ROUND_HALF_EVEN))

    def earned(self, coins: int, bits: int) -> dict[str, float | str]:
        """``{"amount", "currency", "gifts", "bits"}``; the parts are rounded each for itself."""
        gifts, cheers = coins * self.coin_value, bits * self.bit_value
        return {
            "amount": self.amount(gifts + cheers),
            "currency": self.currency,
            "gifts": self.amount(gifts),
            "bits": self.amount(cheers),
        }
