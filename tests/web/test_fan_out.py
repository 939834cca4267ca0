"""A chat that is faster than what a web process can write to everybody, and a database that is slow to answer."""

from __future__ import annotations

from contextlib import ExitStack

import httpx

from core.events import Kind
from rules.fan_out import FEWEST_LINES
from tests.processes import Program, wait_until
from tests.web.conftest import event, stage_of
from tests.web.sockets import listening

SLOW_MACHINE = "import rules.fan_out; rules.fan_out.LINES_A_SECOND = rules.fan_out.MESSAGES_A_SECOND = 1"

# As where PostgreSQL is far away: while it answers, others have their turn.
SLOW_DATABASE = """
import gevent
from analytics import feed
ask = feed.active_users
def active_users(*asked, **more):
    print("is asked", flush=True)
    gevent.sleep(0.5)
    return ask(*asked, **more)
feed.active_users = active_users
"""


def test_lines_are_left_out_and_told_as_such_and_gifts_are_not(program: Program, new_database_url):
    with stage_of(program, new_database_url(), changed=SLOW_MACHINE) as stage:
        stage.source("rushing")
        with listening(stage.web.url, {"channel": "rushing"}) as page:
            gifts = [event("rushing", Kind.GIFT, amount=number + 1) for number in range(5)]
            stage.tell(*gifts, *(event("rushing", text=f"line {number}") for number in range(200)))
            page.wait_until(lambda: "line 199" in page.texts(), timeout=20)
            heard = page.chat()
            assert [item["amount"] for item in heard if item["kind"] == "gift"] == [1, 2, 3, 4, 5]
            pushes = [one.payload for one in page.heard if one.event == "chat"]
            lines = [item for item in heard if item["kind"] == "chat"]
            assert len(lines) <= FEWEST_LINES * len(pushes)
            assert len(lines) + sum(push.get("skipped", 0) for push in pushes) == 200
            page.wait_for("stats", lambda push: push["total_messages"] == 200, timeout=20)


def test_of_what_passes_the_newest_is_told_and_of_promotions_all(program: Program, new_database_url):
    with stage_of(program, new_database_url(), changed=SLOW_MACHINE) as stage:
        stage.source("arriving")
        with listening(stage.web.url, {"channel": "arriving"}) as page:
            stage.tell(*(event("arriving", by=f"guest{number}", text="hello") for number in range(300)))
            page.wait_for("stats", lambda push: push["total_messages"] == 300, timeout=20)
            people = [one for one in page.heard if one.event in ("viewer:new", "viewer:online", "viewer:updated")]
            assert len(people) < 100
            for number in range(3):
                path = f"{stage.web.url}/api/viewer-profiles/twitch:guest{number}/vip"
                assert httpx.post(path, json={"tier": "Gold"}, timeout=20).status_code == 200
            page.wait_until(lambda: len([one for one in page.heard if one.event == "viewer:vip-set"]) == 3, timeout=20)


def test_pages_may_leave_while_the_database_is_asked_for_others(program: Program, new_database_url):
    with stage_of(program, new_database_url(), changed=SLOW_DATABASE) as stage, ExitStack() as leaving:
        stage.source("staying")
        stage.source("left")
        with listening(stage.web.url, {"channel": "staying"}) as page:
            leaving.enter_context(listening(stage.web.url, {"channel": "left"}))
            asked = stage.web.log.count("is asked")
            stage.tell(event("staying", text="before"))
            wait_until(lambda: stage.web.log.count("is asked") > asked, "it is asked", 20)
            leaving.close()
            page.wait_until(lambda: "before" in page.texts(), timeout=20)
            stage.tell(event("staying", text="after"))
            page.wait_until(lambda: "after" in page.texts(), timeout=20)
        assert "Traceback" not in stage.web.log
