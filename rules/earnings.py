"""What happens on a stream is worth: gifts, bits and subscriptions in money."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType

from core.events import Event, Kind, Platform
from core.money import Rates, micros


class Source(StrEnum):
    """Where money comes from. What ``POST /api/sales`` reports may name others."""

    SHOP = "shop"
    MEMBERSHIPS = "memberships"
    GIFTS = "gifts"
    BITS = "bits"
    SUBS = "subs"
    GIFT_SUBS = "gift_subs"
    SALES = "sales"


# What a streamer is paid for one month: half of Twitch's prices in the US, its fixed rate for Prime, and half of
# TikTok's price. Others are set on the settings page.
DEFAULT_SUB_VALUES: Mapping[str, Decimal] = MappingProxyType(
    {
        "1000": Decimal("2.50"),
        "2000": Decimal("5.00"),
        "3000": Decimal("12.50"),
        "Prime": Decimal("2.25"),
        "TikTok": Decimal("2.50"),
    }
)
PLAN_NAMES = {"1000": "Tier 1", "2000": "Tier 2", "3000": "Tier 3", "Prime": "Prime", "TikTok": "TikTok"}
_SUBS = {Kind.SUB: Source.SUBS, Kind.RESUB: Source.SUBS, Kind.SUBGIFT: Source.GIFT_SUBS}


@dataclass(frozen=True, slots=True)
class Worth:
    """``label``: what was given; ``quantity``: how many of it; ``is_more``: a streak that was known has grown."""

    source: Source
    amount_micros: int
    label: str = ""
    quantity: int = 1
    is_more: bool = False


def worth(event: Event, rates: Rates, sub_values: Mapping[str, Decimal]) -> Worth | None:
    """What a streamer earns by ``event``; None: nothing. A gift's ``amount`` is what its streak grew by."""
    found = _worth(event, rates, sub_values)
    return found if found and found.amount_micros else None


def _worth(event: Event, rates: Rates, sub_values: Mapping[str, Decimal]) -> Worth | None:
    match event.kind:
        case Kind.CHAT if event.amount and event.counts_as_message:
            return Worth(Source.BITS, event.amount * micros(rates.bit_value), quantity=event.amount)
        case Kind.GIFT:
            name, quantity = str(event.extra.get("name", "")), int(event.extra.get("quantity", 1))
            is_more = int(event.extra.get("count", quantity)) != quantity
            return Worth(Source.GIFTS, event.amount * micros(rates.coin_value), name, quantity, is_more)
        case Kind.SUB | Kind.RESUB | Kind.SUBGIFT:
            plan = plan_of(event)
            return Worth(_SUBS[event.kind], micros(sub_values[plan]), PLAN_NAMES[plan])
    return None


def plan_of(event: Event) -> str:
    """The plan of a subscription; one that is not told is the usual one of its platform."""
    if event.platform is Platform.TIKTOK:
        return "TikTok"
    plan = str(event.extra.get("plan", ""))
    return plan if plan in PLAN_NAMES else "1000"
