"""The shapes of the stream's settings, as the API document shows them."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from rules.goals import LARGEST_TARGET, LONGEST_LABEL, MOST_GOALS
from web.settings_schemas import Order, Whole


class IgnoreOrder(Order):
    names: list[str] = Field(min_length=1, max_length=100, description="logins; `@` and capitals are forgiven")


class IgnoredNames(BaseModel):
    names: list[str]


class Goal(Order):
    what: Literal["messages", "subs", "bits", "coins", "gifts", "chatters", "viewers", "earned"]
    target: Whole = Field(ge=1, le=LARGEST_TARGET)
    label: str = Field("", max_length=LONGEST_LABEL, description="left out: the name of what is counted")


class GoalOrder(Order):
    goals: list[Goal] = Field(max_length=MOST_GOALS)
    shown: Whole | None = Field(None, description="which of them overlays show, from 0 on; left out: none")


class GoalList(BaseModel):
    goals: list[Goal]
    shown: int | None


class ShownGoal(BaseModel):
    goal: Goal | None


class CalmOrder(Order):
    on: bool


class CalmNow(BaseModel):
    on: bool
    since: str | None
