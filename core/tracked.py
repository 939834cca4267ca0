"""What a shop reports of its visitors: one step, taken once, checked and in order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from core.events import NOTHING


@dataclass(frozen=True, slots=True)
class Tracked:
    """``step``: a ``rules.funnel.Step``; ``at_ms``: UTC milliseconds, by the shop's clock or ours where it told none;
    ``user_id``: the shop's own id of the person (None: nobody knows); ``amount_minor``: money in the minor unit of
    ``currency``; ``data``: plain JSON values. ``is_bot``: shown, but counted nowhere. ``visitor``: what tells whoever
    looked at a page from others where no ``user_id`` does: hashed with the day's salt, and itself stored nowhere.
    """

    event_id: str
    step: int
    at_ms: int
    user_id: str | None = None
    amount_minor: int | None = None
    currency: str | None = None
    data: Mapping[str, Any] = field(default_factory=lambda: NOTHING)
    is_bot: bool = False
    is_simulated: bool = False
    visitor: str = field(default="", repr=False)
