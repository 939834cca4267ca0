"""One voice room in several web processes with a real Redis between them, also while it is away."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import NamedTuple

import httpx
import pytest

from rules.voice import Limits, Seat
from tests.conftest import NoServer
from tests.processes import Program, WebProcess, wait_until
from tests.servers import RedisServer
from tests.web.sockets import listening
from tests.web.voices import line, new_id, present, voice
from web.voice_redis import RedisSeats

pytestmark = pytest.mark.long

HURRIED = """
from dataclasses import replace
from web import voice_room
voice_room.LIMITS = replace(voice_room.LIMITS, heartbeat_seconds=4)
voice_room.SWEEP_SECONDS = 0.1
"""


class Processes(NamedTuple):
    """Two web processes of one installation, the Redis they share, and somebody who asks each of them."""

    redis: RedisServer
    first: WebProcess
    second: WebProcess
    here: httpx.Client
    there: httpx.Client


@pytest.fixture(scope="module")
def both(program: Program, new_database_url: Callable[[], str]) -> Iterator[Processes]:
    try:
        server = RedisServer()
    except NoServer as error:
        pytest.skip(str(error))
    url = new_database_url()
    with ExitStack() as stack:
        redis = stack.enter_context(server)
        first, second = (stack.enter_context(program.web(url, changed=HURRIED, REDIS_URL=redis.url)) for _ in range(2))
        here, there = (stack.enter_context(httpx.Client(base_url=web.url, timeout=20)) for web in (first, second))
        yield Processes(redis, first, second, here, there)


@pytest.fixture(autouse=True)
def alive(both: Processes) -> None:
    """Whatever the test before has done to Redis and the processes."""
    wait_until(lambda: present(both.here) == present(both.there) == [], "nobody is there")


def test_people_find_and_hear_each_other_across_processes(both):
    with voice(both.here) as mila, voice(both.there) as sam:
        assert present(both.here) == present(both.there) == [mila.id, sam.id]
        sam.offer(mila.id)
        assert mila.hear_kind("OFFER")["src"] == sam.id
        mila.send("ANSWER", sam.id, {"type": "media", "connectionId": "mc_1", "sdp": {}})
        assert sam.hear_kind("ANSWER")["src"] == mila.id
        sam.send("LEAVE")
        assert mila.hear() == {"type": "LEAVE", "src": sam.id, "dst": mila.id}


def test_an_offer_finds_who_comes_late_to_another_process(both):
    late = new_id(both.here)
    with voice(both.here) as mila:
        mila.offer(late, 1)
        mila.offer(late, 2)
        mila.send("HEARTBEAT")
        with voice(both.there, peer_id=late) as sam:
            assert {sam.hear()["payload"]["connectionId"] for _ in range(2)} == {"mc_1", "mc_2"}


def test_a_seat_is_held_in_all_processes(both):
    with voice(both.here) as mila:
        with line(both.there, mila.id, token="another") as refused:
            assert refused.hear()["type"] == "ID-TAKEN"
        with ExitStack() as stack:
            here = [mila]
            for number in range(11):
                here.append(stack.enter_context(voice((both.here, both.there)[number % 2])))
                for one in here:
                    one.send("HEARTBEAT")
            with line(both.there, new_id(both.there)) as refused:
                assert "12 times already" in refused.is_hung_up_on()


def test_who_changes_the_process_keeps_the_seat_and_nobody_notices(both):
    with voice(both.here) as sam, voice(both.here) as old, voice(both.there, peer_id=old.id) as new:
        assert old.is_hung_up_on() == ""
        sam.offer(new.id)
        assert new.hear_kind("OFFER")["src"] == sam.id
        assert sam.hears_nothing(0.3)
        assert present(both.here) == [sam.id, new.id]


def test_dashboards_of_every_process_are_told_who_is_there_and_muted(both):
    def told(ids: list[str], muted: list[bool]) -> Callable[[dict], bool]:
        return lambda push: [(one["id"], one["muted"]) for one in push["peers"]] == list(zip(ids, muted, strict=True))

    with listening(both.first.url, subscribe=False) as here, listening(both.second.url, subscribe=False) as there:
        for page in (here, there):
            assert page.client.call("voice:watch", timeout=5) == {"success": True, "peers": [], "problem": ""}
        with voice(both.here) as mila:
            for page in (here, there):
                page.wait_for("voice:peers", told([mila.id], [False]))
            assert there.client.call("voice:mute", {"id": mila.id, "muted": True}, timeout=5) == {"success": True}
            for page in (here, there):
                page.wait_for("voice:peers", told([mila.id], [True]))
                page.forget()
        for page in (here, there):
            page.wait_for("voice:peers", told([], []))


def test_whose_process_was_killed_has_left_when_no_sign_of_life_comes(both, program, new_database_url):
    with (
        program.web(new_database_url(), changed=HURRIED, REDIS_URL=both.redis.url) as third,
        httpx.Client(base_url=third.url) as elsewhere,
        voice(both.here) as mila,
        line(elsewhere, new_id(elsewhere)) as lost,
    ):
        assert lost.hear() == {"type": "OPEN"}
        assert present(both.here) == [mila.id, lost.id]
        third.kill()

        def has_left() -> bool:
            mila.send("HEARTBEAT")
            return present(both.there) == [mila.id]

        wait_until(has_left, "the seat is free")
        assert mila.hear() == {"type": "LEAVE", "src": lost.id, "dst": mila.id}


def test_while_redis_is_away_that_is_said_and_who_talks_goes_on(both):
    with listening(both.first.url, subscribe=False) as page, voice(both.here) as mila, voice(both.here) as sam:
        page.client.call("voice:watch", timeout=5)
        both.redis.kill()
        try:
            page.wait_for(
                "voice:peers", lambda push: push["problem"] == "Redis does not answer" and len(push["peers"]) == 2
            )
            assert both.here.get("/peerjs/peers").status_code == 503
            assert "voice room: Redis does not answer" in both.here.get("/health").json()["problems"]
            with line(both.here, new_id(both.here)) as refused:
                assert refused.is_hung_up_on() == "Redis does not answer"
            mila.offer(sam.id)
            assert sam.hear()["src"] == mila.id
        finally:
            both.redis.start()
        page.wait_for("voice:peers", lambda push: push["problem"] == "" and len(push["peers"]) == 2)
        wait_until(lambda: "voice room" not in both.there.get("/health").text, "the other process knows as well")
        mila.send("HEARTBEAT")
        sam.send("HEARTBEAT")
        wait_until(lambda: present(both.there) == [mila.id, sam.id], "though Redis has forgotten everything")
        with voice(both.there) as newcomer:
            everybody = [mila.id, sam.id, newcomer.id]
            page.wait_for("voice:peers", lambda push: [one["id"] for one in push["peers"]] == everybody)
            newcomer.offer(mila.id)
            assert mila.hear_kind("OFFER")["src"] == newcomer.id
    for web in (both.first, both.second):
        assert web.log.count("voice room: Redis does not answer") == web.log.count("voice room: whole again") == 1
        assert "Traceback" not in web.log


def test_a_late_word_of_a_line_that_was_left_behind_does_not_take_the_seat_back(redis):
    seats = RedisSeats(redis.url, Limits())
    for one in ("old", "new"):
        seats.take(Seat("mila", "mila", "t", 1, one))
    seats.keep(Seat("mila", "mila", "t", 1, "old"))
    assert [seat.line for seat in seats.present()] == ["new"]
    assert seats.free(Seat("mila", "mila", "t", 1, "new"))
    seats.keep(Seat("mila", "mila", "t", 1, "new"))
    assert [seat.line for seat in seats.present()] == ["new"], "though it was forgotten"
    assert seats.free(Seat("mila", "mila", "t", 1, "new"))
