"""Pages that have the track key and are none of TRACK_ORIGINS: the owner hears of them, not only their console."""

from __future__ import annotations

import logging
from collections import OrderedDict

log = logging.getLogger(__name__)

MOST = 5  # the key may be read in the shop's pages: whoever does may send from wherever they say
LONGEST = 120


class UnknownOrigins:
    """The last origins that were refused, the newest first. The log names each once, as long as it is among them."""

    def __init__(self) -> None:
        self._seen: OrderedDict[str, None] = OrderedDict()
        self._said = 0

    def refused(self, origin: str) -> None:
        origin = origin[:LONGEST]
        if origin not in self._seen and self._said < 4 * MOST:
            self._said += 1  # somebody who makes origins up fills no log
            log.warning("a page of %s has the track key, but is refused: it is not among TRACK_ORIGINS", origin)
        self._seen[origin] = None
        self._seen.move_to_end(origin)
        if len(self._seen) > MOST:
            self._seen.popitem(last=False)

    def newest(self) -> list[str]:
        return list(reversed(self._seen))
