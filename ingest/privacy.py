"""People who asked not to be recorded: they are known by salted hashes only, and nothing of them is written."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace

from sqlalchemy import Connection, bindparam, delete, select

from core.events import Event
from core.statements import Prepared, among, insert_for
from ingest.viewers import PROVISIONAL
from models import Installation, OptOut

SALT = "privacy_salt"  # the key in `installation`


def salt(connection: Connection) -> str:
    """This database's own secret, made at its first use."""
    found = known_salt(connection)
    if found is None:
        made = insert_for(connection)(Installation).values(key=SALT, value=secrets.token_hex(32))
        connection.execute(made.on_conflict_do_nothing())
        found = known_salt(connection)
    assert found is not None
    return found


def known_salt(connection: Connection) -> str | None:
    """The same where nothing may be written; None: nobody has ever opted out."""
    found: str | None = connection.scalar(_SALT)
    return found


def person_hash(salt: str, platform: str, user_id: str) -> str:
    """What stays of a person who opted out. It names nobody; but who holds salt and hash can test an id they know."""
    return _hash(salt, f"{platform}\0{user_id}")


def imported_hash(salt: str, platform: str, login: str) -> str:
    """The same of somebody who was imported by name, as long as their platform has not told their id."""
    return person_hash(salt, platform, f"{PROVISIONAL}{login.lower()}")


def login_hash(salt: str, platform: str, login: str) -> str:
    """The same of a login: some events (who comes and goes on Twitch) tell no id."""
    return _hash(salt, f"{platform}\0@{login.lower()}")


def _hash(salt: str, of: str) -> str:
    return hmac.new(salt.encode(), of.encode(), hashlib.sha256).hexdigest()


def opted_out(connection: Connection, hashes: Collection[str]) -> set[str]:
    """Which of ``hashes`` are of people who opted out."""
    return set(_OPTED_OUT(connection, hashes=list(hashes)).scalars()) if hashes else set()


def remember(connection: Connection, hashes: Iterable[str], at_ms: int) -> None:
    rows = [{"person_hash": one, "at_ms": at_ms} for one in hashes]
    connection.execute(insert_for(connection)(OptOut).on_conflict_do_nothing(), rows)


def forget(connection: Connection, hashes: Collection[str]) -> bool:
    """Takes people off the list; says whether any was on it."""
    return connection.execute(delete(OptOut).where(OptOut.person_hash.in_(hashes))).rowcount > 0


def without_opted_out(connection: Connection, events: Sequence[Event]) -> tuple[list[Event], int]:
    """The events of people who may be recorded, and how many others there were.

    Who opted out is also not named in what others do (whom they answer, whom they give a sub). A name that somebody
    writes into a message stays: that is the other person's message. A new name of theirs is remembered as they had
    told it when they opted out, because some events name people by that alone.
    """
    if not events or _ANYBODY(connection).first() is None:
        return list(events), 0
    made = salt(connection)
    hashes = _hashes(made, events)
    out = opted_out(connection, hashes.values())
    if not out:
        return list(events), 0
    hidden = {person for person, of in hashes.items() if of in out}
    hidden |= _renamed(connection, made, [event for event in events if not hidden.isdisjoint(_author(event))])
    kept = [_unnamed(event, hidden) for event in events if hidden.isdisjoint(_author(event))]
    return kept, len(events) - len(kept)


def _renamed(connection: Connection, salt: str, theirs: Sequence[Event]) -> set[Named]:
    """What the authors of ``theirs``, who opted out, are called now, put on the list where it is not."""
    called = {
        (event.platform.value, event.who.login.lower()): event for event in theirs if event.who and event.who.login
    }
    hashes = {login_hash(salt, *name): event.at_ms for name, event in called.items()}
    new = hashes.keys() - opted_out(connection, hashes)
    if new:
        remember(connection, new, max(hashes[one] for one in new))
    return {(platform, f"@{login}") for platform, login in called}


Named = tuple[str, str]  # platform, and the id or "@login"


def _author(event: Event) -> tuple[Named, ...]:
    """As whom the author may be on the list: by id, by login where no id is told, or by name from an import."""
    if event.who is None:
        return ()
    platform, login = event.platform.value, event.who.login.lower()
    if not event.who.user_id:
        return ((platform, f"@{login}"),)
    return ((platform, event.who.user_id), (platform, f"{PROVISIONAL}{login}"))


def _others(event: Event) -> Iterator[tuple[Named, tuple[str, ...]]]:
    """Who else the event names, each with the keys of ``extra`` that do."""
    told = {key: event.extra.get(key) for key in ("recipient", "recipient_id", "reply_to")}
    if told["recipient_id"]:
        yield (event.platform.value, str(told["recipient_id"])), ("recipient", "recipient_id")
    elif told["recipient"]:
        yield (event.platform.value, f"@{str(told['recipient']).lower()}"), ("recipient",)
    if told["reply_to"]:
        yield (event.platform.value, f"@{str(told['reply_to']).lower()}"), ("reply_to",)


def _hashes(salt: str, events: Iterable[Event]) -> dict[Named, str]:
    people = {person for event in events for person in _author(event)}
    people.update(person for event in events if event.extra for person, _ in _others(event))
    return {(platform, name): _hash(salt, f"{platform}\0{name}") for platform, name in people}


def _unnamed(event: Event, hidden: set[Named]) -> Event:
    named = {key for person, keys in _others(event) if person in hidden for key in keys} if event.extra else None
    if not named:
        return event
    return replace(event, extra={key: value for key, value in event.extra.items() if key not in named})


_SALT = select(Installation.value).where(Installation.key == bindparam("key", SALT))
_ANYBODY = Prepared(select(OptOut.at_ms).limit(1))
_OPTED_OUT = Prepared(select(OptOut.person_hash).where(among(OptOut.person_hash, "hashes")))
