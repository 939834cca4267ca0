"""Who is who on Twitch."""

from __future__ import annotations

from core.events import Event, Kind, Person, Platform
from sources.twitch_people import KnownPeople


def event(kind: Kind, login: str, user_id: str = "") -> Event:
    return Event(Platform.TWITCH, "lena", kind, 1, who=Person(user_id, login, login.title()))


def id_at(people: KnownPeople, kind: Kind, login: str) -> str:
    who = people.recognise(event(kind, login)).who
    assert who
    assert (who.login, who.name) == (login, login.title())
    return who.user_id


def test_a_login_that_changes_hands_is_the_newest_owner_s():
    people = KnownPeople()
    people.recognise(event(Kind.CHAT, "mila", "1"))
    people.recognise(event(Kind.SUB, "mila", "2"))
    assert id_at(people, Kind.JOIN, "mila") == id_at(people, Kind.PART, "mila") == "2"


def test_only_joins_and_parts_are_given_an_id():
    people = KnownPeople()
    people.recognise(event(Kind.CHAT, "mila", "1"))
    assert id_at(people, Kind.DELETE, "mila") == id_at(people, Kind.TIMEOUT, "mila") == ""
    nobody = Event(Platform.TWITCH, "lena", Kind.CLEAR, 1)
    assert people.recognise(nobody) is nobody


def test_memory_is_bounded_and_keeps_those_who_spoke_last():
    people = KnownPeople(capacity=3)
    for number in range(3):
        people.recognise(event(Kind.CHAT, f"guest{number}", str(number)))
    people.recognise(event(Kind.CHAT, "guest0", "0"))
    people.recognise(event(Kind.CHAT, "guest3", "3"))
    assert len(people) == 3
    assert [id_at(people, Kind.JOIN, f"guest{number}") for number in range(4)] == ["0", "", "2", "3"]
    assert KnownPeople()._capacity == 50_000
