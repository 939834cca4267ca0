"""The voice room as this web process sees it: the lines of its own peers, and what all processes share."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any, Protocol

import gevent
from wsproto.frame_protocol import CloseReason

from rules.voice import SIGNALS, Limits, Message, Seat, plain
from rules.voice_seats import Seats, Waiting
from web.voice_line import Line

log = logging.getLogger(__name__)

LIMITS = Limits()
SWEEP_SECONDS = 1.0
SETTLE_SECONDS = 10.0  # after a trouble every process says first who of its own is alive

# What processes tell each other: {"what": "joined" | "left" | "changed" | "muted" | "message", "id", …}
News = dict[str, Any]


class Unreachable(Exception):
    """What the web processes share cannot be reached; the message says why."""


class Shared(Protocol):
    """Who sits where, for all web processes. All but ``tell`` raise Unreachable when they cannot know."""

    def take(self, seat: Seat) -> Seat: ...
    def keep(self, seat: Seat) -> None: ...
    def set_away(self, seat: Seat) -> None: ...
    def free(self, seat: Seat) -> bool: ...
    def has(self, peer_id: str) -> bool: ...
    def present(self) -> list[Seat]: ...
    def free_silent(self) -> list[str]: ...
    def check(self) -> None: ...
    def tell(self, news: News) -> None: ...
    def listen(self, hear: Callable[[News], None]) -> None: ...


class Alone(Seats):
    """A single web process: there is nobody to tell."""

    def check(self) -> None:
        pass

    def tell(self, news: News) -> None:
        pass

    def listen(self, hear: Callable[[News], None]) -> None:
        pass


class Room:
    """Seats are taken and freed here, and messages find their way, to this or another process."""

    def __init__(
        self, limits: Limits, shared: Shared | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.limits, self.clock = limits, clock
        self.on_change: Callable[[], None] = lambda: None
        self.problem = ""
        self._shared: Shared = Alone(limits, clock) if shared is None else shared
        self._waiting = Waiting(limits, clock)
        self._lines: dict[str, Line] = {}
        self._expected: set[str] = set()  # whose line broke, or is just coming: what is for them waits here
        self._settled_at = 0.0

    def present(self) -> list[Seat]:
        """In the order of their coming. Raises Unreachable."""
        return self._shared.present()

    def join(self, line: Line) -> None:
        """Sits down and says OPEN. Raises RefusedSeat and Unreachable."""
        if self.problem:
            raise Unreachable(self.problem)
        peer_id = line.seat.id
        was_expected = peer_id in self._expected
        self._expected.add(peer_id)
        try:
            line.seat = self._shared.take(line.seat)
        except Exception:
            if not was_expected:
                self._expected.discard(peer_id)
            raise
        old, self._lines[peer_id] = self._lines.get(peer_id), line
        line.send(plain("OPEN"))
        if old is not None:
            old.end()
        self._announce({"what": "joined", "id": peer_id})

    def heard(self, line: Line) -> None:
        """A sign of life."""
        if self._is_current(line):
            self._try(self._shared.keep, line.seat)

    def lost(self, line: Line, *, said_so: bool) -> None:
        """The line has ended. Whoever did not say so may come back for a moment."""
        if not self._is_current(line):
            return  # they came back over another line
        if said_so:
            self.leave(line)
        else:
            del self._lines[line.seat.id]
            self._expected.add(line.seat.id)
            self._try(self._shared.set_away, line.seat)

    def leave(self, line: Line) -> None:
        """Frees the seat, and everybody hears of it."""
        if self._is_current(line) and self._try(self._shared.free, line.seat) is not False:
            self._announce({"what": "left", "id": line.seat.id})

    def set_muted(self, peer_id: str, muted: bool) -> None:
        """What others are shown of a peer, of this or another process."""
        line = self._lines.get(peer_id)
        if line is None:
            self._shared.tell({"what": "muted", "id": peer_id, "muted": muted})
        else:
            self._mute(line, muted)

    def relay(self, message: Message) -> None:
        """Brings a signal to its peer, or keeps it for one who is late."""
        dst, is_signal = message.dst, message.kind in SIGNALS
        if dst in self._lines:
            self._lines[dst].send(message.text())
            return
        # Kept before anybody is asked: they may come while the answer is on its way.
        if is_signal and not self._waiting.add(message):
            self._expire(message)
        elif dst not in self._expected and self._try(self._shared.has, dst):
            for one in self._waiting.take(dst) if is_signal else [message]:
                self._shared.tell({"what": "message"} | asdict(one))

    def hear(self, news: News) -> None:
        """What another process has to tell."""
        if news["what"] == "message":
            self._deliver(Message(news["kind"], news["src"], news["dst"], news["payload"]))
            return
        if news["what"] == "muted":
            if line := self._lines.get(news["id"]):
                self._mute(line, news["muted"])
            return
        if news["what"] == "joined":
            self._end_replaced(news["id"])
        self._note(news)

    def sweep(self) -> None:
        """Frees the seats of the dead, and tells senders of what nobody came for."""
        self._free_silent()
        told = {(message.src, message.dst): message for message in self._waiting.take_expired()}
        for message in told.values():
            self._expire(message)

    def follow(self) -> None:
        """Runs for ever."""
        listening = gevent.spawn(self._shared.listen, self.hear)
        try:
            while True:
                gevent.sleep(SWEEP_SECONDS)
                try:
                    self.sweep()
                except Exception:
                    log.exception("a sweep of the voice room failed")
        finally:
            listening.kill(block=False)

    def hang_up(self) -> None:
        """This process ends: its peers come back by themselves, and go on talking meanwhile."""
        lines, self._lines = list(self._lines.values()), {}
        for line in lines:
            line.end(CloseReason.GOING_AWAY)

    def _mute(self, line: Line, muted: bool) -> None:
        line.seat = replace(line.seat, muted=muted)
        self._try(self._shared.keep, line.seat)
        self._announce({"what": "changed", "id": line.seat.id})

    def _is_current(self, line: Line) -> bool:
        return self._lines.get(line.seat.id) is line

    def _end_replaced(self, peer_id: str) -> None:
        """Somebody has sat down elsewhere: if they came back there, the line that is left here is no longer theirs."""
        seat = next((seat for seat in self._try(self._shared.present) or () if seat.id == peer_id), None)
        line = self._lines.get(peer_id)
        if seat and line and seat.line != line.seat.line:
            self._lines.pop(peer_id).end()

    def _announce(self, news: News) -> None:
        self._note(news)
        self._shared.tell(news)

    def _note(self, news: News) -> None:
        peer_id = news["id"]
        if news["what"] != "changed":
            self._expected.discard(peer_id)
        if news["what"] == "joined":
            for message in self._waiting.take(peer_id):
                self.relay(message)
        elif news["what"] == "left":
            self._say_left(peer_id)
        self.on_change()

    def _say_left(self, peer_id: str) -> None:
        self._waiting.forget(peer_id)
        if (line := self._lines.pop(peer_id, None)) is not None:
            line.end()
        for other in self._lines.values():
            other.send(Message("LEAVE", peer_id, other.seat.id).text())

    def _deliver(self, message: Message) -> None:
        if message.dst in self._lines:
            self._lines[message.dst].send(message.text())
        elif message.dst in self._expected:
            self._waiting.add(message)

    def _expire(self, message: Message) -> None:
        if message.src in self._lines:
            self._lines[message.src].send(Message("EXPIRE", message.dst, message.src).text())

    def _free_silent(self) -> None:
        if self.problem:
            self._recover()
            return
        self._try(self._shared.check)
        if self.clock() >= self._settled_at:
            for peer_id in self._try(self._shared.free_silent) or ():
                self._announce({"what": "left", "id": peer_id})

    def _recover(self) -> None:
        """Looks whether the trouble is over; if so, says of all who are here that they still are."""
        try:
            for line in list(self._lines.values()):
                self._shared.keep(line.seat)
            self._shared.check()
        except Unreachable as error:
            self.problem = str(error)
            return
        self._settled_at = self.clock() + SETTLE_SECONDS
        self.problem = ""
        log.info("voice room: whole again")
        self.on_change()

    def _try(self, action: Callable[..., Any], *arguments: Any) -> Any:
        """For what the room can do without: those who are in go on talking. None when it failed."""
        if self.problem:
            return None  # nobody shall wait for it; the sweep finds out when it is back
        try:
            return action(*arguments)
        except Unreachable as error:
            self.note_trouble(str(error))
            return None

    def note_trouble(self, words: str) -> None:
        """Says once that what is shared is away; ``sweep`` finds out when it is back."""
        if not self.problem:
            log.error("voice room: %s", words)
            self.problem = words
            self.on_change()
        self.problem = words
