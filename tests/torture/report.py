"""What one run has measured, and which promises it found broken."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import partial

SHOWN = 5  # examples of what broke a promise

to_people = partial(print, flush=True)


class Report:
    """Prints as it goes, or has ``tell`` keep each line. ``broken``: a line for each promise that did not hold."""

    def __init__(self, name: str, tell: Callable[[str], object] = to_people) -> None:
        self.name, self._tell = name, tell
        self.broken: list[str] = []
        if tell is to_people:
            print(f"\n## {name}\n", flush=True)

    def say(self, text: str) -> None:
        """How far it is."""
        print(f"{text} …", flush=True)

    def figure(self, what: str, value: object) -> None:
        self._tell(f"- {what}: {value}")

    def promise(self, what: str, against: Collection[object] = ()) -> None:
        """``what`` must hold; ``against``: all that shows that it does not."""
        if not against:
            self._tell(f"- kept: {what}")
            return
        shown = ", ".join(str(one) for one in list(against)[:SHOWN])
        more = f" and {len(against) - SHOWN} more" if len(against) > SHOWN else ""
        self.broken.append(f"{what}: {shown}{more}")
        self._tell(f"- BROKEN: {self.broken[-1]}")
