"""What TikTok shows of a person besides the name: a few words of their own, followers, language and country."""

from __future__ import annotations

import random
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from demo.phrases import variants

COUNTRIES = {
    "en": "US GB CA AU PH IE NG KE", "de": "DE AT CH", "es": "MX ES CO AR PE", "pt": "BR PT", "fr": "FR BE CA",
    "it": "IT", "pl": "PL", "tr": "TR", "ru": "RU KZ", "ja": "JP", "ko": "KR", "zh": "TW SG", "ar": "EG MA SA",
    "he": "IL",
}  # fmt: skip
BIOS = tuple(
    bio
    for line in (
        "{cozy games|rpgs|racing games|puzzles} and {too much tea|loud snacks|one lazy cat|houseplants} {🌿|🐈|✨|}",
        "{I draw|I paint|I knit|I bake} things. {Sometimes they look like things.|Commissions closed.|Slowly.}",
        "{nurse|teacher|gardener|electrician|barista|librarian} by day, {healer|support main|goblin|bard} by night",
        "{music|books|films|trains} • {coffee|noodles|rain|long walks} • {she/her|he/him|they/them|be kind}",
        "{just here|only here} for {the lives|the cats|the memes|good vibes} {💜|😂|✌️|}",
        "{23|27|31|34|40} • {plays badly, with love|learning guitar|runs slowly|three plants alive}",
        "{student|learning Japanese|learning to cook}, {send tips|wish me luck|results vary}",
        "{professional|certified} {napper|overthinker|snack critic|cat butler}",
        "my other account is {a sourdough|a goose|still a goose}",
        "{photos of clouds|street food|tiny houses|old synths} {🌤️|📷|🎛️|}",
    )
    for bio in variants(line)
)
BIOS_IN = {
    "de": ("Kaffee, Katzen, Konsolen ☕", "Gärtnerin mit Gamepad 🌱", "spielt schlecht, aber gern"),
    "es": ("café, gatos y juegos ☕🐈", "dibujo cosas ✏️", "vivo en las nubes ☁️"),
    "pt": ("jogos e café ☕", "só vim pelo gato 🐈", "desenho e música 🎶"),
    "fr": ("thé, chats et jeux 🍵", "je dessine un peu ✏️"),
    "it": ("gatti, giochi e caffè ☕", "suono (male) la chitarra 🎸"),
    "ja": ("ゲームと猫がすき🐈", "のんびり配信を見てます🍵", "お絵かき中✏️"),
    "ko": ("게임이랑 고양이 🐈", "그림 그려요 ✏️"),
    "pl": ("gry, koty i herbata 🍵",),
    "tr": ("kedi, çay, oyun 🍵",),
    "ru": ("игры, чай и кот 🐈",),
    "zh": ("貓、茶、遊戲 🍵",),
    "ar": ("ألعاب وقهوة ☕",),
    "he": ("משחקים, קפה וחתול ☕",),
}


def about(rng: random.Random, language: str, *, verified: bool = False) -> Mapping[str, Any]:
    """As ``core.events.Person.about`` has it; most have few followers, a third says nothing of themselves."""
    followers = int(rng.lognormvariate(10.5 if verified else 4.2, 1.5))
    told: dict[str, Any] = {
        "follower_count": followers,
        "following_count": int(rng.lognormvariate(4.8, 0.9)),
        "language": language,
        "country": rng.choice(COUNTRIES[language].split()),
    }
    if rng.random() < 0.65:
        told["bio"] = rng.choice(BIOS_IN[language] if language in BIOS_IN and rng.random() < 0.7 else BIOS)
    if verified:
        told["verified"] = True
    return MappingProxyType(told)
