"""The words of a chat message that are worth counting."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Sequence
from itertools import chain

# Vowel signs and accents that follow their letter, and the joiners between letters: \w knows none of them, and without
# them words of Hindi, Thai or Arabic fall apart.
_MARKS = "\u200c\u200d" + "".join(
    sign for sign in map(chr, range(0x300, 0xFE00)) if unicodedata.category(sign) in ("Mn", "Mc")
)
WORD = re.compile(rf"[^\W_](?:[\w'’{_MARKS}]*(?:[^\W_]|[{_MARKS}]))?")
# A domain is looked for at the beginnings only: from every letter of a long run it would take hours.
ADDRESS = re.compile(r"(?:https?://|www\.)\S+|[@#!]\S+|(?<!\S)\S+\.(?:com|net|org|tv|gg)\b\S*", re.IGNORECASE)
SHORTEST, LONGEST = 3, 24
MOST_PER_MESSAGE = 20
MOST_USED = 20  # of a stream are told

STOP_WORDS = frozenset(
    # English, German, Spanish, French, Portuguese: what chats are made of and says nothing.
    """
    the and for are but not you your yours all any can had her was one our out has him his how its may new now old see
    two who did get got let put say she too use that this with have from they them then than there their what when where
    which will would could should been being were about into just like some more most much very also only over such
    because really here it's i'm don't that's you're i'll can't isn't didn't doesn't
    der die das und ist nicht ein eine einen einem ich bin bist sind war wie was wer wenn dann aber auch auf aus bei mit
    von vor zum zur den dem des mir mich dir dich sich uns euch ihr sie wir noch nur schon mal doch denn hat habe haben
    que los las una uno por con para del como pero más muy sus este esta esto eso hay está son soy fue
    les des est pas pour dans sur avec une qui mais plus tout vous nous elle ils sont cette c'est
    não com uma por mais dos das foi tem isso ele ela você
    """.split()
)


class _Known(dict[str, tuple[str, ...]]):
    """Whatever stands between two spaces → the words in it that are counted: chats say the same over and over."""

    MOST = 20_000  # some 2 MB
    LONGEST = 2 * LONGEST  # with what stands around a word

    def __missing__(self, said: str) -> tuple[str, ...]:
        found = tuple(filter(None, map(_counted_as, _written(said))))
        if len(said) <= self.LONGEST:
            if len(self) >= self.MOST:
                self.clear()
            self[said] = found
        return found


_known = _Known()


def words(text: str, emotes: Collection[str] = ()) -> list[str]:
    """The distinct words of ``text``, lower case: no addresses, mentions, numbers, stop words or emotes."""
    said = text.split()
    if emotes:
        names = frozenset(emotes)
        found = chain.from_iterable([_words_in(one, names) for one in said])
    else:
        found = chain.from_iterable(map(_known.__getitem__, said))
    return list(dict.fromkeys(found))[:MOST_PER_MESSAGE]


def _words_in(said: str, names: Collection[str]) -> Sequence[str]:
    """The same as ``_known`` has, but of emotes."""
    if said.isalnum():
        return () if said in names else _known[said]
    return [word for written in _written(said) if written not in names and (word := _counted_as(written))]


def _written(text: str) -> list[str]:
    """All words, as they are written. Neither they nor what is left out hold a space."""
    return WORD.findall(ADDRESS.sub(" ", text))


def _counted_as(written: str) -> str:
    """Empty: not at all."""
    if not SHORTEST <= len(written) <= LONGEST or written.isdigit():
        return ""
    word = written.lower().replace("’", "'")
    return word if word not in STOP_WORDS and len(word) <= LONGEST else ""  # some letters are two in lower case
