"""PURE but for its clock: who sits in the voice room of one process, and what waits for somebody who is late."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from rules.voice import IdTaken, Limits, Message, RoomFull, Seat

Clock = Callable[[], float]


def check_room(seat: Seat, present: Iterable[Seat], limits: Limits) -> Seat:
    """The seat as it is taken: whoever comes back keeps the time of their coming. Raises IdTaken and RoomFull."""
    others = [one for one in present if one.id != seat.id]
    known = next((one for one in present if one.id == seat.id), None)
    if known is not None:
        if known.token != seat.token or known.account != seat.account:
            raise IdTaken("ID is taken")
        return replace(seat, joined_ms=known.joined_ms, muted=known.muted)
    if len(others) >= limits.seats:
        raise RoomFull(f"The voice room is full: it has {limits.seats} seats")
    if sum(one.account == seat.account for one in others) >= limits.seats_of_one_account:
        raise RoomFull(f"{seat.account} is in the voice room {limits.seats_of_one_account} times already")
    return seat


class Seats:
    """Each seat is held until a time that every sign of life moves on."""

    def __init__(self, limits: Limits, clock: Clock) -> None:
        self._limits, self._clock = limits, clock
        self._held: dict[str, tuple[Seat, float]] = {}

    def take(self, seat: Seat) -> Seat:
        """Raises IdTaken and RoomFull."""
        taken = check_room(seat, self.present(), self._limits)
        self._hold(taken)
        return taken

    def keep(self, seat: Seat) -> None:
        """Whoever sits there has been heard of. A late word of a line that was left behind changes nothing."""
        if seat.id not in self._held or self._holds(seat):
            self._hold(seat)

    def set_away(self, seat: Seat) -> None:
        """The line broke: it may come back for a moment."""
        if self._holds(seat):
            self._held[seat.id] = seat, self._clock() + self._limits.away_seconds

    def free(self, seat: Seat) -> bool:
        """Whether it was this connection's still."""
        holds = self._holds(seat)
        if holds:
            del self._held[seat.id]
        return holds

    def has(self, peer_id: str) -> bool:
        return peer_id in self._held

    def present(self) -> list[Seat]:
        """In the order of their coming."""
        return sorted((seat for seat, _ in self._held.values()), key=lambda seat: seat.order)

    def free_silent(self) -> list[str]:
        """Frees the seats that nobody has been heard of from; answers their ids."""
        now = self._clock()
        silent = [peer_id for peer_id, (_, until) in self._held.items() if until <= now]
        for peer_id in silent:
            del self._held[peer_id]
        return silent

    def _hold(self, seat: Seat) -> None:
        self._held[seat.id] = seat, self._clock() + self._limits.heartbeat_seconds

    def _holds(self, seat: Seat) -> bool:
        return seat.id in self._held and self._held[seat.id][0].line == seat.line


@dataclass(frozen=True, slots=True)
class _Kept:
    message: Message
    size: int
    until: float


class Waiting:
    """Messages for somebody who has not come yet, in the order of their coming, for a few seconds."""

    def __init__(self, limits: Limits, clock: Clock) -> None:
        self._limits, self._clock = limits, clock
        self._kept: OrderedDict[int, _Kept] = OrderedDict()
        self._number = 0
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._kept)

    def add(self, message: Message) -> bool:
        """Whether there is room for it."""
        limits, size = self._limits, len(message.text())
        of_the_same = sum(kept.message.src == message.src for kept in self._kept.values())
        if len(self._kept) >= limits.waiting_messages or of_the_same >= limits.waiting_messages_of_one:
            return False
        if self._bytes + size > limits.waiting_bytes:
            return False
        self._number += 1
        self._bytes += size
        self._kept[self._number] = _Kept(message, size, self._clock() + limits.offer_seconds)
        return True

    def take(self, dst: str) -> list[Message]:
        """What has waited for ``dst``, who is here now."""
        return self._remove(lambda kept: kept.message.dst == dst)

    def take_expired(self) -> list[Message]:
        """What nobody came for."""
        now = self._clock()
        return self._remove(lambda kept: kept.until <= now)

    def forget(self, src: str) -> None:
        """Whoever sent it has left."""
        self._remove(lambda kept: kept.message.src == src)

    def _remove(self, which: Callable[[_Kept], bool]) -> list[Message]:
        numbers = [number for number, kept in self._kept.items() if which(kept)]
        removed = [self._kept.pop(number) for number in numbers]
        self._bytes -= sum(kept.size for kept in removed)
        return [kept.message for kept in removed]
