"""What one run has measured, and which promises it found broken."""

from __future__ import annotations

from collections.abc import Collection

SHOWN = 5  # examples of what broke a promise


class Report:
    """Prints as it goes. ``broken``: a line for each promise that did not hold."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.broken: list[str] = []
        print(f"\n## {name}\n", flush=True)

    def say(self, text: str) -> None:
        """How far it is."""
        print(f"{text} …", flush=True)

    def figure(self, what: str, value: object) -> None:
        print(f"- {what}: {value}", flush=True)

    def promise(self, what: str, against: Collection[object] = ()) -> None:
        """``what`` must hold; ``against``: all that shows that it does not."""
        if not against:
            print(f"- kept: {what}", flush=True)
            return
        shown = ", ".join(str(one) for one in list(against)[:SHOWN])
        more = f" and {len(against) - SHOWN} more" if len(against) > SHOWN else ""
        self.broken.append(f"{what}: {shown}{more}")
        print(f"- BROKEN: {self.broken[-1]}", flush=True)
