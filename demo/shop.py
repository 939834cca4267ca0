"""The demo's shop: people come, look around, sign up and now and then buy, more of them while a stream is on."""

from __future__ import annotations

import math
import random
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from heapq import heappop, heappush
from typing import Any

from core.clock import MINUTE_MS, SECOND_MS
from demo.shop_products import ADD_ON, BULK, PAGES, PRODUCTS, SOURCES, Product, amount_in

# Of a hundred visits; the others are by somebody new.
RETURNING, REGULAR, ANONYMOUS = 0.3, 0.22, 0.03
LOOKS, CARTS, JOINS, BUYS = 0.66, 0.44, 0.55, 0.6  # the share that goes on from each step
JOINS_AT_ONCE = 0.02  # for the newsletter, without having looked at anything
REMEMBERED = 150
_A_LARGE_PRIME = 7_368_787  # neighbours in time get names that look unrelated

Rate = Callable[[int], float]  # a time → visits a minute


@dataclass(frozen=True, slots=True)
class Act:
    """Something that happened in the shop, as its own server would report it to POST /track."""

    at_ms: int
    event_type: str
    user_id: str | None
    data: Mapping[str, Any]
    event_id: str = ""

    def at(self, at_ms: int) -> Act:
        """The same at another time."""
        return replace(self, at_ms=at_ms)

    def item(self) -> dict[str, Any]:
        """As a JSON object."""
        return {
            "event_type": self.event_type,
            "user_id": self.user_id,
            "timestamp": self.at_ms,
            "event_id": self.event_id,
            "data": {**self.data, "simulated": True},
        }


@dataclass(slots=True)
class Visitor:
    user_id: str | None
    is_member: bool = False


class Shop:
    """Everything follows from ``seed`` and ``name``, which makes the ids of its events and people its own.

    ``fans``: the ids of people who know the shop long since.
    """

    def __init__(self, seed: int, name: int, currency: str, fans: Sequence[str] = ()) -> None:
        self.rng = random.Random(f"shop:{seed}:{name}")
        self.currency = currency
        self._name = name
        self._fans = [Visitor(fan, is_member=True) for fan in fans]
        self._recent: deque[Visitor] = deque(maxlen=REMEMBERED)
        self._people = self._acts = self._orders = 0

    def acts(
        self, start_ms: int, rate: Rate, incidents: Iterable[tuple[int, str]] = (), end_ms: float = math.inf
    ) -> Iterator[Act]:
        """What happens from ``start_ms`` on, in time order. ``incidents``: when what of INCIDENTS occurs, in order."""
        waiting: list[tuple[int, int, Act]] = []
        due = iter(incidents)
        incident = next(due, None)
        minute_ms = start_ms
        while minute_ms < end_ms:
            beginning = [self.visit(at_ms) for at_ms in self._arrivals(minute_ms, rate(minute_ms))]
            while incident and incident[0] < minute_ms + MINUTE_MS:
                beginning.append(INCIDENTS[incident[1]](self, incident[0]))
                incident = next(due, None)
            for act in (act for acts in beginning for act in acts):
                self._acts += 1
                heappush(waiting, (act.at_ms, self._acts, act))
            minute_ms += MINUTE_MS
            while waiting and waiting[0][0] < min(minute_ms, end_ms):
                _, number, act = heappop(waiting)
                yield self._named(act, number)

    def visit(self, at_ms: int, visitor: Visitor | None = None) -> list[Act]:
        """One journey, as far as it goes."""
        rng, who = self.rng, visitor or self._somebody()
        journey = _Journey(self, who, at_ms)
        journey.step("page_view", page=rng.choice(PAGES), source=rng.choice(SOURCES))
        while rng.random() < 0.4:
            journey.step("page_view", page=rng.choice(PAGES))
        if not who.is_member and rng.random() < JOINS_AT_ONCE:
            journey.join("newsletter")
        if rng.random() < LOOKS:
            self._look(journey)
        return journey.acts

    def newcomer(self) -> Visitor:
        self._people += 1
        number = (self._name * 7919 + self._people * _A_LARGE_PRIME) % 2**32
        return Visitor(f"guest-{number:08x}")

    def order(self, at_ms: int, product: Product, amount: float | None = None, last_ms: int | None = None) -> list[Act]:
        """Somebody new comes and buys ``product``, for ``amount`` of the currency if not for its price.

        ``last_ms``: they are done by then.
        """
        journey = _Journey(self, self.newcomer(), at_ms)
        journey.step("page_view", page="/", source=self.rng.choice(SOURCES))
        journey.step("product_view", product=product)
        journey.step("add_to_cart", product=product)
        journey.join("checkout")
        journey.pay(product.price_in(self.currency) if amount is None else amount, [product.name])
        late_ms = max(0, journey.acts[-1].at_ms - last_ms) if last_ms is not None else 0
        return [act.at(act.at_ms - late_ms) for act in journey.acts]

    def restless(self, start_ms: int, end_ms: int, number: int) -> list[Act]:
        """Somebody's script reads all products again and again: ``number`` events."""
        journey = _Journey(self, self.newcomer(), start_ms)
        journey.step("page_view", page="/new")
        for count in range(number - 1):
            journey.step("product_view", product=PRODUCTS[count % len(PRODUCTS)])
        lasts_ms = end_ms - start_ms
        return [act.at(start_ms + lasts_ms * count // number) for count, act in enumerate(journey.acts)]

    def named(self, acts: Iterable[Act]) -> list[Act]:
        """The same, in time order and each with an id."""
        found = []
        for act in sorted(acts, key=lambda act: act.at_ms):
            self._acts += 1
            found.append(self._named(act, self._acts))
        return found

    def order_number(self) -> str:
        self._orders += 1
        return f"L-{self._name // SECOND_MS % 100_000:05d}-{self._orders}"

    def _look(self, journey: _Journey) -> None:
        rng = self.rng
        product = rng.choice(PRODUCTS)
        journey.step("product_view", product=product)
        while rng.random() < 0.45:
            product = rng.choice(PRODUCTS)
            journey.step("product_view", product=product)
        if rng.random() >= CARTS:
            return
        journey.step("add_to_cart", product=product)
        if not journey.who.is_member and rng.random() < JOINS:
            journey.join("checkout")
        if journey.who.is_member and rng.random() < BUYS:
            journey.buy(product)

    def _somebody(self) -> Visitor:
        draw = self.rng.random()
        if draw < ANONYMOUS:
            return Visitor(None)
        if draw < ANONYMOUS + REGULAR and self._fans:
            return self.rng.choice(self._fans)
        if draw < ANONYMOUS + REGULAR + RETURNING and self._recent:
            return self.rng.choice(self._recent)
        found = self.newcomer()
        self._recent.append(found)
        return found

    def _arrivals(self, minute_ms: int, rate: float) -> list[int]:
        """When visits begin in a minute: as many as chance has it."""
        found, at = [], self.rng.expovariate(rate) if rate > 0 else 1.0
        while at < 1:
            found.append(minute_ms + int(at * MINUTE_MS))
            at += self.rng.expovariate(rate)
        return found

    def _named(self, act: Act, number: int) -> Act:
        return Act(act.at_ms, act.event_type, act.user_id, act.data, f"demo-{self._name:x}-{number}")


class _Journey:
    """What one visitor does, one thing after the other."""

    def __init__(self, shop: Shop, who: Visitor, at_ms: int) -> None:
        self.shop, self.who, self.at_ms = shop, who, at_ms
        self.acts: list[Act] = []

    def step(self, event_type: str, *, product: Product | None = None, seconds: float = 22, **data: Any) -> None:
        """``seconds``: how long people take for the next, on average."""
        if product:
            price = product.price_in(self.shop.currency)
            data = {"product": product.name, "product_id": product.sku, "price": price, **data}
        self.acts.append(Act(self.at_ms, event_type, self.who.user_id, data))
        self.at_ms += int((3 + self.shop.rng.expovariate(1 / seconds)) * SECOND_MS)

    def join(self, where: str) -> None:
        if self.who.user_id is None:
            return
        self.who.is_member = True
        self.step("user_signup", where=where, seconds=35)

    def buy(self, product: Product) -> None:
        amount, products = product.price, [product.name]
        if amount < 40 and self.shop.rng.random() < 0.25:
            amount, products = amount + ADD_ON.price, [*products, ADD_ON.name]
        self.pay(round(amount_in(amount, self.shop.currency), 2), products)

    def pay(self, amount: float, products: Sequence[str]) -> None:
        order = self.shop.order_number()
        self.step("purchase", amount=amount, currency=self.shop.currency, products=list(products), order=order)


def _bulk_order(shop: Shop, at_ms: int) -> list[Act]:
    return shop.order(at_ms, BULK)


def _wrong_price(shop: Shop, at_ms: int) -> list[Act]:
    """A voucher that took off too much."""
    return shop.order(at_ms, PRODUCTS[0], amount_in(1.0, shop.currency))


def _price_watcher(shop: Shop, at_ms: int) -> list[Act]:
    return shop.restless(at_ms, at_ms + 5 * MINUTE_MS, shop.rng.randint(35, 60))


def _drop(shop: Shop, at_ms: int) -> list[Act]:
    """A new thing is shown on stream, and everybody has a look at once."""
    visits = (shop.visit(at_ms + int(shop.rng.random() * 3 * MINUTE_MS)) for _ in range(shop.rng.randint(22, 32)))
    return [act for visit in visits for act in visit]


INCIDENTS: Mapping[str, Callable[[Shop, int], list[Act]]] = {
    "bulk order": _bulk_order,
    "wrong price": _wrong_price,
    "price watcher": _price_watcher,
    "drop": _drop,
}
