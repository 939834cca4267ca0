"""Turns the grammar of the vocabulary into ready lines, so that saying one costs no more than choosing it."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from demo import vocabulary
from demo.scenes import Hype, Scene

_EMOTES = frozenset(vocabulary.EMOTES + vocabulary.CHANNEL_EMOTES)
_CHANNEL_EMOTES = frozenset(vocabulary.CHANNEL_EMOTES)
MOST_VARIANTS = 24  # of one template, or the richest ones would drown the plain ones


class Line(NamedTuple):
    """``emotes`` are those in the text, one per use; ``open_slots`` says that a name must still be filled in."""

    text: str
    emotes: tuple[str, ...]
    open_slots: bool
    template: str = ""  # lines of the same are too alike to follow each other


@dataclass(slots=True)
class Lines:
    """Lines for one occasion, and those of them that fit who may not use every emote."""

    all: tuple[Line, ...]
    common: tuple[Line, ...] = field(init=False)  # without the channel's own emotes, which are for subscribers
    plain: tuple[Line, ...] = field(init=False)  # without any: TikTok knows none of them

    def __post_init__(self) -> None:
        self.common = tuple(line for line in self.all if _CHANNEL_EMOTES.isdisjoint(line.emotes))
        self.plain = tuple(line for line in self.all if not line.emotes)


def variants(template: str) -> list[str]:
    """Everything ``template`` can become. A brace without an alternative is a slot and stays.

    >>> variants("{a|b {c|d}} {@}")
    ['a {@}', 'b c {@}', 'b d {@}']
    """
    start = template.find("{")
    if start < 0:
        return [template]
    parts, end = _alternatives(template, start)
    head, rests = template[:start], variants(template[end:])
    if len(parts) == 1:
        return [f"{head}{{{parts[0]}}}{rest}" for rest in rests]
    return [head + middle + rest for part in parts for middle in variants(part) for rest in rests]


def _alternatives(template: str, start: int) -> tuple[list[str], int]:
    """The parts of the brace that opens at ``start``, and where it ends."""
    parts: list[str] = []
    depth, begin = 0, start + 1
    for index in range(start, len(template)):
        sign = template[index]
        depth += (sign == "{") - (sign == "}")
        if depth == 0:
            return [*parts, template[begin:index]], index + 1
        if sign == "|" and depth == 1:
            parts.append(template[begin:index])
            begin = index + 1
    raise ValueError(f"unbalanced braces in {template!r}")


def line(text: str, template: str = "") -> Line:
    return Line(text, tuple(word for word in text.split() if word in _EMOTES), "{" in text, template)


class Phrases:
    """All lines, expanded once per world and per topic."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._of_scene: dict[tuple[Scene, str], Lines] = {}
        self._of_hype: dict[Hype, Lines] = {}
        self.reactions = self.expand(vocabulary.REACTIONS)
        self.actions = self.expand(vocabulary.ACTIONS)
        self.banter = self.expand(vocabulary.BANTER)
        self.greetings = self.expand(vocabulary.GREETINGS)
        self.first_lines = self.expand(vocabulary.FIRST_LINES)
        self.welcomes = self.expand(vocabulary.WELCOMES)
        self.goodbyes = self.expand(vocabulary.GOODBYES)
        self.lurks = self.expand(vocabulary.LURKS)
        self.mod_lines = self.expand(vocabulary.MOD_LINES)
        self.streamer_lines = self.expand(vocabulary.STREAMER_LINES)
        self.thanks_raid = self.expand(vocabulary.THANKS_RAID)
        self.thanks_sub = self.expand(vocabulary.THANKS_SUB)
        self.sub_reactions = self.expand(vocabulary.SUB_REACTIONS)
        self.resub_reactions = self.expand(vocabulary.RESUB_REACTIONS)
        self.bomb_reactions = self.expand(vocabulary.BOMB_REACTIONS)
        self.resub_lines = self.expand(vocabulary.RESUB_LINES)
        self.cheer_lines = self.expand(vocabulary.CHEER_LINES)
        self.raider_lines = self.expand(vocabulary.RAIDER_LINES)
        self.raid_welcomes = self.expand(vocabulary.RAID_WELCOMES)
        self.spoilers = self.expand(vocabulary.SPOILERS)
        self.adverts = self.expand(vocabulary.ADVERTS)
        self.spam_reactions = self.expand(vocabulary.SPAM_REACTIONS)
        self.tiktok_lines = self.expand(vocabulary.TIKTOK_LINES)
        self.gift_reactions = self.expand(vocabulary.GIFT_REACTIONS)
        self.tiktok_first_lines = self.expand(vocabulary.TIKTOK_FIRST_LINES)
        self.remarks = {language: self.expand(tongue.remarks) for language, tongue in vocabulary.TONGUES.items()}
        self.greetings_in = {language: self.expand(tongue.greetings) for language, tongue in vocabulary.TONGUES.items()}
        self.questions = tuple(
            (asked, self.expand(answers))
            for question, answers in vocabulary.QUESTIONS
            for asked in self.expand((question,)).all
        )

    def expand(self, templates: Iterable[str]) -> Lines:
        """Every template's variants, at most MOST_VARIANTS of each."""
        found: list[Line] = []
        for template in templates:
            texts = list(dict.fromkeys(" ".join(text.split()) for text in variants(template)))
            if len(texts) > MOST_VARIANTS:
                # Seeded by the template: scenes are expanded when first played, in whatever order that is.
                texts = random.Random(f"{self._seed}:{template}").sample(texts, MOST_VARIANTS)
            found.extend(line(text, template) for text in texts)
        return Lines(tuple(found))

    def of_scene(self, scene: Scene, topic: str) -> Lines:
        """What is said while ``scene`` plays and is about ``topic``."""
        if (scene, topic) not in self._of_scene:
            about = (template.replace("{topic}", topic) for template in scene.lines)
            self._of_scene[scene, topic] = self.expand(about)
        return self._of_scene[scene, topic]

    def of_hype(self, hype: Hype) -> Lines:
        """What is shouted besides the word itself."""
        if hype not in self._of_hype:
            self._of_hype[hype] = self.expand(hype.lines)
        return self._of_hype[hype]
