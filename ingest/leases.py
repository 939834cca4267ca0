"""Which collector speaks for a channel that several of them read: one does, and another takes over when it is gone.

What bears the platform's id is counted once whoever brings it, so all of them store it and nothing is missed. The rest
(who came and went, how a source stands, answers in chat) comes from the one that holds the channel's lease.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select

from core.events import Platform
from core.processes import is_running
from core.statements import Prepared, replacing
from models import ChannelLease

SILENT_LOOKS = 4  # how often in a row a lease is found as it was until its holder is taken to be gone
NOBODY = ""

Where = tuple[Platform, str]  # a channel


@dataclass(frozen=True, slots=True)
class Taken:
    """A channel that we speak for from now on. ``last_sign_ms``: until when somebody else did; None: nobody ever."""

    where: Where
    channel_id: int
    last_sign_ms: int | None


@dataclass(frozen=True, slots=True)
class Renewal:
    """What a transaction has written; it counts once that is committed."""

    held: frozenset[Where]
    taken: tuple[Taken, ...]


class Leases:
    """Those of one collector, for the ``channels`` it reads."""

    def __init__(self, channels: Iterable[Where], holder: str = "") -> None:
        self.holder = holder or _new_holder()
        self.channels = frozenset(channels)
        self.held: frozenset[Where] = frozenset()
        self._settled_at = float("-inf")
        self._found: dict[int, tuple[Any, int]] = {}  # of each channel: what its lease said, and how often in a row

    @property
    def process(self) -> str:
        """The holder without what tells it from an earlier process of the same number."""
        return self.holder.rpartition("/")[0]

    def speaks_for(self, platform: Platform, channel: str) -> bool:
        return (platform, channel) in self.held

    def settle(self, renewal: Renewal) -> None:
        """To be called when ``renewal`` is committed."""
        self.held, self._settled_at = renewal.held, time.monotonic()

    def are_older_than(self, seconds: float) -> bool:
        """Whether another may have taken over unnoticed."""
        return time.monotonic() - self._settled_at > seconds

    def renew(self, connection: Connection, ids: Mapping[Where, int], until_ms: int, *, counts: bool = True) -> Renewal:
        """Renews what is ours and takes what nobody holds any more. ``ids``: the rows of our channels.

        ``counts``: whether enough time has passed since the last look for a lease that is as it was to tell anything.
        ``until_ms``: what happened until then is stored. Where that was so already at the last renewal, because much
        is waiting, a moment less is written: who renews a lease shall be seen to.
        """
        leases = {row.channel_id: row for row in _LEASES(connection)}
        held, taken = set(), []
        for where in sorted(self.channels):
            channel_id = ids[where]
            lease = leases.get(channel_id)
            if lease is not None and not self._may_have(lease, counts=counts):
                continue
            held.add(where)
            if lease is None or lease.holder != self.holder:
                taken.append(Taken(where, channel_id, lease.renewed_at_ms if lease else None))
        renewed = [(ids[where], self.holder, until_ms) for where in sorted(held)]
        seen = {tuple(lease) for lease in leases.values()}
        _RENEW.run(connection, [(*row[:2], until_ms - 1) if row in seen else row for row in renewed])
        return Renewal(frozenset(held), tuple(taken))

    def release(self, connection: Connection, ids: Mapping[Where, int], now_ms: int) -> Renewal:
        """Leaves all that is ours to whoever comes first."""
        ours = {row.channel_id for row in _LEASES(connection) if row.holder == self.holder}
        _RENEW.run(connection, [(id_, NOBODY, now_ms) for id_ in ids.values() if id_ in ours])
        return Renewal(frozenset(), ())

    def _may_have(self, lease: Any, *, counts: bool) -> bool:
        # By what is seen to change and not by the time in it: two machines' clocks need not agree.
        before, times = self._found.get(lease.channel_id, (None, 0))
        times = times + counts if before == tuple(lease) else 1
        self._found[lease.channel_id] = (tuple(lease), times)
        return lease.holder in (self.holder, NOBODY) or times >= SILENT_LOOKS or is_gone(lease.holder)


def _new_holder() -> str:
    return f"{_own_processes()}/{os.getpid()}/{secrets.token_hex(4)}"


def _own_processes() -> str:
    """What tells this machine, since its start, and this container on it: there a process is known by its number."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text()
        return hashlib.sha256(f"{boot}{Path('/proc/self/ns/pid').readlink()}".encode()).hexdigest()[:8]
    except OSError:
        return secrets.token_hex(4)  # like no other: whoever is silent is waited for


def is_gone(holder: str) -> bool:
    """Whether ``holder`` was a process of this machine that has ended: its successor need not wait."""
    processes, _, rest = holder.partition("/")
    number = rest.partition("/")[0]
    if processes != _own_processes() or not number.isdigit():
        return False
    return not is_running(int(number))


_LEASES = Prepared(select(ChannelLease.channel_id, ChannelLease.holder, ChannelLease.renewed_at_ms))
_RENEW = replacing(ChannelLease, ["channel_id"], ["holder", "renewed_at_ms"])
