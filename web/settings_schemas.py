"""The shapes of settings and of the orders that change them, as the API document shows them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from actions.preferences import (
    BOUNDS,
    DEFAULT_SUB_VALUES,
    DEFAULTS,
    HIGHEST_SUB_VALUE,
    LONGEST_URL,
    MOST_COOLDOWN_MINUTES,
    PLAN_NAMES,
)
from core.money import MOST_DECIMALS


def _whole(value: Any) -> Any:
    """JSON knows one kind of number: 12.0 is as whole as 12."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


Whole = Annotated[int, BeforeValidator(_whole)]


class Order(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


def _threshold(name: str, description: str) -> Any:
    bounds = BOUNDS[name]
    return Field(DEFAULTS[name], ge=bounds.low, le=bounds.high, allow_inf_nan=False, description=description)


def _samples(name: str, description: str) -> Any:
    bounds = BOUNDS[name]
    return Field(int(DEFAULTS[name]), ge=int(bounds.low), le=int(bounds.high), description=description)


class Thresholds(Order):
    """What is left out is as it is by default: an empty object resets all."""

    sigmas: float = _threshold("sigmas", "how many standard deviations from the mean are unusual")
    traffic_windows: Whole = _samples("traffic_windows", "5-minute windows that must have been before")
    traffic_change: float = _threshold("traffic_change", "events in 5 minutes that a spike is above usual at least")
    purchase_samples: Whole = _samples("purchase_samples", "purchases in the currency that must have been before")
    purchase_change_percent: float = _threshold(
        "purchase_change_percent", "how far from the usual amount a purchase is at least"
    )
    user_samples: Whole = _samples("user_samples", "hours of people that must have been before")
    user_change: float = _threshold("user_change", "events in an hour that somebody is above usual at least")


def _at_most_six_decimals(value: float) -> float:
    if round(value, MOST_DECIMALS) != value:
        raise ValueError(f"has more than {MOST_DECIMALS} decimals")
    return value


Worth = Annotated[float, AfterValidator(_at_most_six_decimals)]


def _worth(plan: str) -> Any:
    name, usual = PLAN_NAMES[plan], float(DEFAULT_SUB_VALUES[plan])
    return Field(usual, ge=0, le=HIGHEST_SUB_VALUE, allow_inf_nan=False, description=f"what a month of {name} earns")


class SubValues(Order):
    """In the main currency. What is left out is as it is by default: an empty object resets all."""

    tier_1: Worth = _worth("1000")
    tier_2: Worth = _worth("2000")
    tier_3: Worth = _worth("3000")
    prime: Worth = _worth("Prime")
    tiktok: Worth = _worth("TikTok")


class SubSettings(BaseModel):
    values: SubValues
    defaults: SubValues
    currency: str
    highest: float


class Bound(BaseModel):
    low: float
    high: float
    whole: bool = Field(description="no fractions")


class AnomalySettings(BaseModel):
    thresholds: Thresholds
    defaults: Thresholds
    bounds: dict[str, Bound]


class WebhookOrder(Order):
    url: str | None = Field(
        None,
        max_length=LONGEST_URL,
        description="`http` or `https`; left out: as before. Addresses in your own network are allowed: what answers "
        "there gets these messages",
    )
    kind: Literal["generic", "discord"] = Field(
        "generic", description="`generic`: signed JSON; `discord`: the address is a webhook of a Discord channel"
    )
    cooldown_minutes: Whole = Field(
        10, ge=0, le=MOST_COOLDOWN_MINUTES, description="pause between two messages of one type"
    )
    rotate_secret: bool = Field(False, description="make a new secret; the old one is worth nothing any more")


class WebhookDelivery(BaseModel):
    id: int
    topic: str
    state: Literal["waiting", "sent", "failed"]
    attempts: int
    made_at: str
    next_at: str | None
    problem: str


class WebhookSettings(BaseModel):
    configured: bool
    url: str | None = Field(description="whole for the owner; others see its beginning")
    kind: Literal["generic", "discord"]
    cooldown_minutes: int
    deliveries: list[WebhookDelivery]


class WebhookChanged(WebhookSettings):
    secret: str | None = Field(description="only when it is new, and never again: what messages are signed with")


class TestSent(BaseModel):
    success: Literal[True]
    message: str
