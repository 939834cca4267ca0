"""What the demo's streamer sells, and what each page of her shop is called."""

from __future__ import annotations

from dataclasses import dataclass

from core.money import minor_digits

WHOLE_UNITS = 150  # of a currency without cents buy what one of the others does, about


@dataclass(frozen=True, slots=True)
class Product:
    """``price`` in a currency with cents."""

    sku: str
    name: str
    price: float

    def price_in(self, currency: str) -> float:
        return amount_in(self.price, currency)


def amount_in(amount: float, currency: str) -> float:
    """About as much money in ``currency``, as prices are written there."""
    return amount if minor_digits(currency) else round(amount * WHOLE_UNITS, -1)


PRODUCTS = tuple(
    Product(*line)
    for line in (
        ("goose-socks", "Goose socks", 18.9),
        ("harbor-mug", "Tiny Harbor mug", 19.9),
        ("ladle-tote", "Ladle run tote bag", 21.9),
        ("pin-set", "Enamel pins, set of four", 22.9),
        ("night-poster", "Night shift poster", 24.9),
        ("goose-tee", "Goose T-shirt", 27.9),
        ("ember-cap", "Emberfall cap", 29.9),
        ("goose-plush", "Goose plush", 32.9),
        ("desk-mat", "Harbor at dusk desk mat", 36.9),
        ("art-print", "Signed art print", 39.9),
        ("synth-vinyl", "Stream music on vinyl", 42.9),
        ("cosy-hoodie", "Cosy hoodie", 46.9),
    )
)
ADD_ON = Product("sticker-sheet", "Sticker sheet", 4.9)
BULK = Product("goose-plush", "Goose plush, three of them", 98.7)
PAGES = ("/", "/", "/", "/new", "/goose", "/clothes", "/about", "/shipping")
SOURCES = ("twitch panel", "twitch chat", "tiktok bio", "tiktok bio", "discord", "search", "direct", "newsletter")
