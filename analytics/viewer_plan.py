"""What ways to a page of people cost: decided from a few numbers alone, without a database.

Who fits seldom is soon read and sorted. Who fits often is soon met on a walk along the index of what the list is sorted
by, even if each person's names must be read on it. In between it pays to find all of them first and to note them: then
the walk looks at a byte for each person.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

FEW_MATCHES = 1_000  # are read at once: to look them up again would cost more
MOST_MATCHES = 1_000  # a search that finds more is not counted to its end, nor paged beyond

# Microseconds of SQLite's, measured with a million people: only how they compare matters.
READING = 1.8  # a person on the way
PASSING = 0.21  # a person on the way who is looked for among others
LOOKING = 0.07  # at the byte of a person on the way
FINDING = 0.17  # one who fits, to look for
NOTING = 0.2  # one who fits, to find and to note
GATHERING = 2.0  # one who fits, to sort
SURPRISE = 4  # a walk may be so much longer than if those who fit were spread evenly


class Way(Enum):
    """How SQLite comes to a page of those whom a search finds."""

    SORTED = "all of them are found, read and sorted"
    NOTED = "all of them are found and noted; a walk looks at a byte for each person"
    READ = "a walk looks at what is noted already, and reads the names of the others"


@dataclass(frozen=True, slots=True)
class Search:
    """What is known of a search.

    There are ``matches`` among ``everybody``, of whom ``noted`` are noted. At the part ``unseen`` of people nobody has
    looked yet. The filter lets ``people`` through who stand among everybody in the index that is walked along; of a
    filter with an index of its own that is ``everybody``. ``can_read``: reading names finds whom their index finds.
    """

    everybody: int
    people: int
    matches: int
    noted: int
    unseen: float
    can_read: bool

    def met(self, wanted: int) -> int:
        """How many a walk passes until so many are met who fit, if those are spread evenly."""
        return wanted * self.everybody**2 // max(1, self.matches * self.people)

    def is_sooner_read_than_counted(self, most: int) -> bool:
        """Whether all are sooner found and read than so many counted among those whom the filter lets through."""
        met = min(self.people, most * self.everybody // max(1, self.matches))
        return self._finding_all + READING * self.matches < LOOKING * met

    def cheapest(self, wanted: int) -> Way:
        """``wanted``: as many as come before the end of the page."""
        met = self.met(wanted)
        costs = {
            Way.NOTED: self._finding_all + LOOKING * met,
            Way.SORTED: self._finding_all + READING * self.matches,
        }
        if self.can_read and self.unseen:
            costs[Way.READ] = (LOOKING + READING * self.unseen) * met
        return min(costs, key=costs.__getitem__)

    @property
    def _finding_all(self) -> float:
        return NOTING * max(0, self.matches - self.noted)
