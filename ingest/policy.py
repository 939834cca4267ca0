"""What the write path is told to do: the settings that decide what is counted and how."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from zoneinfo import ZoneInfo

from core.clock import SECOND_MS
from core.config import Settings
from core.money import Rates

UTC = ZoneInfo("UTC")
USUAL_RATES = Rates("USD", Decimal("0.005"), Decimal("0.01"))


@dataclass(frozen=True, slots=True)
class Policy:
    """``zone``: where days, hours of the week and birthdays are told; ``rates``: what coins and bits are worth."""

    session_timeout_ms: int = 300 * SECOND_MS
    zone: ZoneInfo = UTC
    auto_vip: bool = True
    birthday_reminder: bool = True
    heatmap: bool = True
    rates: Rates = USUAL_RATES

    @classmethod
    def of(cls, settings: Settings) -> Policy:
        return cls(
            session_timeout_ms=settings.session_timeout * SECOND_MS,
            zone=settings.zone,
            auto_vip=settings.auto_vip,
            birthday_reminder=settings.birthday_reminder,
            heatmap=settings.heatmap_enabled,
            rates=Rates(settings.currency, settings.coin_value, settings.bit_value),
        )
