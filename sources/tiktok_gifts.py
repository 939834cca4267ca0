"""PURE: what is known of TikTok's gifts, and what one tick of a gift says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

STREAKABLE = 1  # the only type whose ticks repeat a running count; of any other an event is the gift
NAME_LENGTH = 100


@dataclass(frozen=True, slots=True)
class GiftInfo:
    """A gift as TikTok sells it; ``diamonds`` is the price of one in coins, ``kind`` TikTok's type (0: not told)."""

    name: str = ""
    diamonds: int = 0
    kind: int = 0


class GiftCatalogue:
    """Gifts by id, learned from the gift list and from events: many events name nothing but the id."""

    def __init__(self, capacity: int = 10_000) -> None:
        self._capacity = capacity
        self._gifts: dict[int, GiftInfo] = {}

    def __len__(self) -> int:
        return len(self._gifts)

    def get(self, gift_id: int) -> GiftInfo | None:
        return self._gifts.get(gift_id)

    def learn(self, gift_id: int, told: GiftInfo) -> GiftInfo:
        """Takes in what is told of a gift; answers all that is known of it now."""
        known = self._gifts.pop(gift_id, GiftInfo())
        gift = GiftInfo(told.name or known.name, told.diamonds or known.diamonds, told.kind or known.kind)
        self._gifts[gift_id] = gift  # last again: the one not heard of for longest goes first
        if len(self._gifts) > self._capacity:
            del self._gifts[next(iter(self._gifts))]
        return gift

    def learn_list(self, answer: Any) -> int:
        """Takes in the answer of TikTok's gift list; says how many gifts it named. Whatever is no gift is skipped."""
        if not isinstance(answer, Mapping):
            return 0
        pages = answer.get("pages")
        pages = [page for page in pages if isinstance(page, Mapping)] if isinstance(pages, list) else []
        lists = [page.get("gifts") for page in (answer, *pages)]
        return sum(self._learn_entry(entry) for entries in lists if isinstance(entries, list) for entry in entries)

    def _learn_entry(self, entry: Any) -> bool:
        if not isinstance(entry, Mapping) or not isinstance(entry.get("id"), int):
            return False
        name, diamonds, kind = entry.get("name"), entry.get("diamond_count"), entry.get("type")
        told = GiftInfo(
            name.replace("\0", "")[:NAME_LENGTH] if isinstance(name, str) else "",
            max(diamonds, 0) if isinstance(diamonds, int) else 0,
            kind if isinstance(kind, int) else 0,
        )
        self.learn(entry["id"], told)
        return True


def tick_of(message: Any, room_id: str, gifts: GiftCatalogue) -> tuple[int, dict[str, Any]]:
    """Coins and ``Event.extra`` of one gift message.

    A tick of a streak tells the count so far: ``streak`` names the streak, so that only the growth is counted.
    """
    gift_id, gift = message.gift_id, message.gift
    if gift is not None:
        told = GiftInfo(gift.name.replace("\0", "")[:NAME_LENGTH], max(gift.diamond_count, 0), gift.type)
        info = gifts.learn(gift_id, told)
        streakable = info.kind == STREAKABLE
    else:
        info = gifts.get(gift_id) or GiftInfo()
        # Nearly all gifts are streakable, and counting only growth never counts a gift twice.
        streakable = info.kind in (0, STREAKABLE)
    quantity = max(message.repeat_count, 1)
    extra = {"gift_id": gift_id, "name": info.name, "quantity": quantity, "diamonds": info.diamonds}
    if streakable:
        extra |= {"streak": f"{room_id}:{int(message.group_id)}", "ended": bool(message.repeat_end)}
    return quantity * info.diamonds, extra
