"""What the write path is told to do: the settings that decide what is counted and how."""

from __future__ import annotations

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from core.clock import SECOND_MS
from core.config import Settings

UTC = ZoneInfo("UTC")


@dataclass(frozen=True, slots=True)
class Policy:
    """``zone``: where hours of the week and birthdays are told."""

    session_timeout_ms: int = 300 * SECOND_MS
    zone: ZoneInfo = UTC
    auto_vip: bool = True
    birthday_reminder: bool = True
    heatmap: bool = True

    @classmethod
    def of(cls, settings: Settings) -> Policy:
        return cls(
            session_timeout_ms=settings.session_timeout * SECOND_MS,
            zone=settings.zone,
            auto_vip=settings.auto_vip,
            birthday_reminder=settings.birthday_reminder,
            heatmap=settings.heatmap_enabled,
        )
