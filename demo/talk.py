"""What is said: which line fits the room, the person, the scene and the hype of the moment."""

from __future__ import annotations

from functools import partial

from core.clock import MINUTE_MS
from core.events import Event, Mark, Person
from demo.cast import SUBSCRIBER, Persona
from demo.phrases import Line, Lines, line
from demo.scenes import CLUTCH, GAMES, INTERLUDES, Hype
from demo.stage import TIKTOK, TWITCH, Room, Stage
from demo.vocabulary import CHANNEL_EMOTES, EMOJI, EMOTES

NOT_AGAIN_WITHIN, NOT_ALIKE_WITHIN = 90, 25  # messages
REGULAR = 1.1  # the weight from which somebody knows the place
GAME_MINUTES = 80
_ACTION, _HIGHLIGHTED = int(Mark.ACTION), int(Mark.HIGHLIGHTED)


class Talk:
    """The words of one stream. Methods that take ``at`` last may be put into the stage's queue."""

    def __init__(self, stage: Stage) -> None:
        self.stage, self.rng, self.phrases = stage, stage.rng, stage.phrases
        self._marks = stage.marks
        self.about = ""  # the raider whom the hype is about
        self.change_scene(stage.plan.start_ms)
        self.excite(CLUTCH)

    def change_scene(self, at: int) -> None:
        stage = self.stage
        played = (at - stage.plan.start_ms) // (GAME_MINUTES * MINUTE_MS)
        stage.game = stage.plan.games[played % len(stage.plan.games)]
        scene = self.rng.choice(GAMES[stage.game] if self.rng.random() < 0.72 else INTERLUDES)
        self.scene = self.phrases.of_scene(scene, self.rng.choice(scene.topics))
        stage.at(at + self.rng.uniform(1.5, 4.5) * MINUTE_MS, self.change_scene)

    def pick(self, room: Room, persona: Persona, lines: Lines) -> Line:
        """One of ``lines`` that ``persona`` may use here and that was not said a moment ago."""
        pool = self._for(room, persona, lines)
        random, said, count = self.rng.random, room.said, room.messages
        for _ in range(5):
            chosen = pool[int(random() * len(pool))]
            if (
                count - said.get(chosen.text, -NOT_AGAIN_WITHIN) >= NOT_AGAIN_WITHIN
                and count - said.get(chosen.template, -NOT_ALIKE_WITHIN) >= NOT_ALIKE_WITHIN
            ):
                break
        said[chosen.text] = said[chosen.template] = count
        return chosen

    def _for(self, room: Room, persona: Persona, lines: Lines) -> tuple[Line, ...]:
        if room.platform is TIKTOK:
            return lines.plain
        marks = self._marks.get(persona.person.user_id, persona.marks)
        return lines.all if marks & SUBSCRIBER else lines.common

    def say_one(self, room: Room, persona: Persona, lines: Lines, at: int, *, about: str = "", marks: int = 0) -> Event:
        return self.stage.say(room, at, persona, self.pick(room, persona, lines), marks=marks, about=about)

    # --- ordinary talk

    def ordinary(self, room: Room, persona: Persona, at: int) -> Event:
        random = self.rng.random
        if persona.language != "en" and random() < 0.3:
            return self.say_one(room, persona, self.phrases.remarks[persona.language], at)
        if at > self.stage.goodbyes_ms and random() < 0.5:
            return self.say_one(room, persona, self.phrases.goodbyes, at)
        if room.platform is TIKTOK:
            return self._on_tiktok(room, persona, at)
        roll = random()
        if roll < 0.045 and persona.weight < REGULAR:
            return self._question(room, persona, at)
        if roll < 0.13:
            return self._emotes_only(room, persona, at)
        if roll < 0.15:
            return self.say_one(room, persona, self.phrases.actions, at, marks=_ACTION)
        if roll < 0.165:
            return self.say_one(room, persona, self.phrases.lurks, at)
        if roll < 0.27 and len(room.recent) > 2:
            return self.say_one(room, persona, self.phrases.banter, at)
        lines = self.phrases.reactions if roll < (0.85 if room.hype_share > 0.3 else 0.46) else self.scene
        styled = self._in_style(room, persona, self.pick(room, persona, lines))
        return self.stage.say(room, at, persona, styled, marks=_HIGHLIGHTED if random() < 0.003 else 0)

    def _on_tiktok(self, room: Room, persona: Persona, at: int) -> Event:
        roll = self.rng.random()
        if roll < 0.45:
            is_new = persona.weight < REGULAR and roll < 0.12
            lines = self.phrases.tiktok_first_lines if is_new else self.phrases.tiktok_lines
            return self.say_one(room, persona, lines, at)
        if roll < 0.53 and len(room.recent) > 2:
            return self.say_one(room, persona, self.phrases.banter, at)
        chosen = self.pick(room, persona, self.phrases.reactions if roll < 0.7 else self.scene)
        return self.stage.say(room, at, persona, self._in_style(room, persona, chosen))

    def _question(self, room: Room, persona: Persona, at: int) -> Event:
        asked, answers = self.rng.choice(self.phrases.questions)
        if room.messages - room.said.get(asked.text, -400) < 400:
            return self.say_one(room, persona, self.phrases.reactions, at)
        room.said[asked.text] = room.messages
        for _ in range(self.rng.choice((1, 1, 2))):
            later = at + int(self.rng.uniform(3000, 11_000))
            self.stage.at(later, partial(self.answer, room, persona.person, answers))
        return self.stage.say(room, at, persona, asked)

    def answer(self, room: Room, to: Person, lines: Lines, at: int) -> Event:
        """Somebody else replies to ``to``."""
        persona = self.stage.somebody(room)
        if persona.person is to:
            persona = room.circle.host
        return self.stage.say(room, at, persona, self.pick(room, persona, lines), reply_to=to)

    def _emotes_only(self, room: Room, persona: Persona, at: int) -> Event:
        emotes = (self._emote(persona),) * (1, 1, 1, 2, 3)[int(self.rng.random() * 5)]
        return self.stage.say(room, at, persona, Line(" ".join(emotes), emotes, False))

    def _emote(self, persona: Persona) -> str:
        random = self.rng.random
        own = self.stage.is_subscriber(persona) and random() < 0.5
        emotes = CHANNEL_EMOTES if own else EMOTES
        return emotes[int(random() * len(emotes))]

    def _in_style(self, room: Room, persona: Persona, said: Line) -> Line:
        """``said`` as this person types: capitals, emoji, an emote behind it."""
        text, style, random = said.text, persona.style, self.rng.random
        if said.emotes:
            return said
        if style == "proper":
            text = text[0].upper() + text[1:] + ("." if text[-1].isalpha() else "")
        elif style == "caps" and not said.open_slots and random() < 0.25:
            text = text.upper()
        elif style == "stretch" and text[-1].isalpha() and text[-1].isascii() and random() < 0.35:
            text += text[-1] * self.rng.randint(1, 3)
        elif style == "emoji" and text[-1].isascii() and random() < 0.4:
            text = f"{text} {self.rng.choice(EMOJI)}"
        if room.platform is TWITCH and random() < 0.13:
            emote = self._emote(persona)
            return Line(f"{text} {emote}", (emote,), said.open_slots)
        return said if text is said.text else Line(text, (), said.open_slots)

    # --- hype

    def excite(self, hype: Hype, about: str = "") -> None:
        """From now on this is what is shouted."""
        self.about = about
        words = [line(self._shouted(hype.word)) for _ in range(70)]
        words += [line(f"{self._shouted(hype.word)} {sign}") for sign in (*hype.emotes, *EMOJI[:5]) for _ in range(3)]
        emotes = [line(" ".join([emote] * n)) for emote in hype.emotes for n in (1, 2, 3)]
        laughs = [line(emoji * 3) for emoji in EMOJI[:6]]
        self.shouts = Lines((*words, *emotes, *laughs, *self.phrases.of_hype(hype).all))

    def shout(self, room: Room, persona: Persona, at: int) -> Event:
        return self.stage.say(room, at, persona, self._unfiltered(room, persona), about=self.about)

    def _unfiltered(self, room: Room, persona: Persona) -> Line:
        """In a rush everybody says the same, and that is the point."""
        lines = self._for(room, persona, self.shouts)
        return lines[int(self.rng.random() * len(lines))]

    def _shouted(self, word: str) -> str:
        """``CLUTCH``, mostly as it is, sometimes twice, louder or softer."""
        roll = self.rng.random()
        if roll < 0.6 or word in EMOTES:
            return " ".join([word] * self.rng.choice((1, 1, 1, 2, 3)))
        if roll < 0.8:
            return word + "!" * self.rng.randint(1, 4)
        return word.lower() if roll < 0.9 else f"{word} {word}"
