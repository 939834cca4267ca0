"""GET /api/stats, as a script asks it."""

from __future__ import annotations

from datetime import datetime, timedelta

import httpx
import pytest

from core.clock import DAY_MS, MINUTE_MS, now_ms
from core.events import Kind, SourceState
from tests.web.conftest import Stage, event
from web.schemas import StatsAnswer

HOSTILE = "<script>alert(1)</script>\"'&\u202e\u0000\x1b[31m\U0001f600"


def stats(client: httpx.Client, **options: object) -> dict:
    response = client.get("/api/stats", params=options)
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/json"
    return response.json()


def test_the_answer_has_exactly_the_documented_keys_and_shapes(stage, client):
    stage.source("shape")
    stage.chat("shape", "GG that was close", by="mila")
    stage.tell(event("shape", Kind.RAID, by="noor", amount=40), event("shape", Kind.SUB, by="ivo", amount=3))
    answer = stats(client, channel="shape")
    assert StatsAnswer.model_validate(answer, strict=True, extra="forbid")
    assert answer.keys() == StatsAnswer.model_fields.keys()


def test_an_empty_channel_is_answered_in_the_same_shape(stage, client):
    stage.source("silent")
    answer = stats(client, channel="silent")
    assert StatsAnswer.model_validate(answer, strict=True, extra="forbid")
    assert (answer["counts"], answer["recent"], answer["stream"]) == ([0] * 15, [], None)
    assert [(source["name"], source["state"]) for source in answer["channels"]] == [("silent", "connected")]


def test_fifteen_minutes_are_counted_oldest_first_and_the_empty_ones_are_there(stage, client):
    stage.chat("quarter", "one", "two", at_ms=now_ms() - 3 * MINUTE_MS)
    stage.chat("quarter", "too old", at_ms=now_ms() - 16 * MINUTE_MS)
    (now,) = stage.chat("quarter", "three")
    answer = stats(client, channel="quarter")
    first = datetime.fromisoformat(answer["starts_at"])
    minutes = [first + timedelta(minutes=number) for number in range(15)]
    assert answer["times"] == [minute.strftime("%H:%M") for minute in minutes]
    counted = {minute: count for minute, count in zip(minutes, answer["counts"], strict=True) if count}
    this_minute = datetime.fromtimestamp(now.at_ms // MINUTE_MS * 60, first.tzinfo)
    assert counted == {this_minute - timedelta(minutes=3): 2, this_minute: 1}
    assert answer["total_messages"] == 4


def test_times_are_in_the_configured_zone_with_its_offset(stage, client):
    stage.source("zone")
    answer = stats(client, channel="zone")
    assert answer["zone"] == "Asia/Kolkata"
    assert answer["updated_at"].endswith("+05:30")
    asked = datetime.fromisoformat(answer["updated_at"]).timestamp() * 1000
    assert abs(asked - now_ms()) < 10_000


def test_the_last_five_messages_come_newest_first(stage, client):
    start = now_ms() - 1_000
    for number in range(7):
        stage.chat("five", f"message {number}", by=f"guest{number}", at_ms=start + number)
    recent = stats(client, channel="five")["recent"]
    assert recent == [{"user": f"Guest{number}", "message": f"message {number}"} for number in (6, 5, 4, 3, 2)]


def test_the_last_five_distinct_people_are_active(stage, client):
    for name in ("ana", "ben", "cleo", "ana", "dora", "emil", "fay"):
        stage.chat("regulars", "hi", by=name)
    answer = stats(client, channel="regulars")
    assert answer["active_users"] == ["Fay", "Emil", "Dora", "Ana", "Cleo"]
    assert answer["active_chatters"] == 6


@pytest.mark.parametrize("minutes", [1, 2, 60, 1440])
def test_minutes_sets_how_many_are_counted(stage, client, minutes):
    stage.source("span")
    answer = stats(client, channel="span", minutes=minutes)
    assert len(answer["times"]) == len(answer["counts"]) == minutes


def test_a_whole_day_holds_each_label_once_across_midnight(stage, client):
    stage.chat("midnight", "yesterday", at_ms=now_ms() - DAY_MS + 2 * MINUTE_MS)
    answer = stats(client, channel="midnight", minutes=1440)
    assert len(set(answer["times"])) == 1440
    assert answer["times"].index("00:00") == (answer["times"].index("23:59") + 1) % 1440
    assert sum(answer["counts"]) == 1
    assert answer["counts"].index(1) < 5


def test_channel_and_platform_choose_what_is_counted(stage, client):
    elsewhere = stats(client, platform="tiktok")["total_messages"]
    stage.chat("mine", "one")
    stage.chat("yours", "one", "two")
    assert stats(client, channel="mine")["total_messages"] == 1
    assert stats(client, channel="#YOURS")["total_messages"] == 2
    assert stats(client, channel="mine", platform="twitch")["total_messages"] == 1
    assert stats(client)["total_messages"] >= 3
    assert stats(client, platform="tiktok")["total_messages"] == elsewhere


def test_a_source_that_waits_says_why_and_until_when(stage, client):
    stage.source("waits", SourceState.WAITING, "connection lost")
    (source,) = stats(client, channel="waits")["channels"]
    assert (source["state"], source["detail"]) == ("waiting", "connection lost")


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"minutes": "0"}, "minutes"),
        ({"minutes": "1441"}, "minutes"),
        ({"minutes": "-5"}, "minutes"),
        ({"minutes": "15.5"}, "minutes"),
        ({"minutes": "ten"}, "minutes"),
        ({"minutes": ""}, "minutes"),
        ({"minutes": "9" * 5000}, "minutes"),
        ({"minutes": "nan"}, "minutes"),
        ({"platform": "youtube"}, "platform"),
        ({"platform": "Twitch; DROP TABLE events"}, "platform"),
        ({"platform": ""}, "platform"),
        ({"channel": "a" * 65}, "channel"),
    ],
)
def test_a_bad_value_is_refused_and_the_field_named(client, options, field):
    response = client.get("/api/stats", params=options)
    assert response.status_code == 422
    answer = response.json()
    assert answer["success"] is False
    assert field in answer["error"]
    assert [detail["field"] for detail in answer["details"]] == [field]


@pytest.mark.parametrize("name", ["nobody", "x'; DROP TABLE channels;--", "%", "\u0000", "лена", " "])
def test_an_unknown_channel_is_not_found(client, name):
    response = client.get("/api/stats", params={"channel": name})
    assert response.status_code == 404
    answer = response.json()
    assert answer["success"] is False
    assert name.strip() in answer["error"]


def test_what_people_write_comes_out_as_they_wrote_it(stage, client):
    stage.chat("hostile", HOSTILE)
    response = client.get("/api/stats", params={"channel": "hostile"})
    assert response.headers["content-type"] == "application/json"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.json()["recent"] == [{"user": "Mila", "message": HOSTILE.replace("\0", "")}]  # no database keeps it


def test_a_deleted_message_is_in_no_part_of_the_answer(stage: Stage, client):
    gone, kept = stage.chat("moderated", "badword here", "fine here")
    stage.tell(event("moderated", Kind.DELETE, extra={"target": gone.source_id}))
    answer = stats(client, channel="moderated")
    assert "badword" not in str(answer)
    assert [row["message"] for row in answer["recent"]] == [kept.text]
    assert (answer["total_messages"], sum(answer["counts"])) == (1, 1)


def test_the_name_of_somebody_timed_out_is_not_among_the_active(stage, client):
    stage.chat("quiet", "hello", by="ana")
    stage.chat("quiet", "spam", by="troll")
    stage.tell(event("quiet", Kind.TIMEOUT, by="troll", amount=600))
    answer = stats(client, channel="quiet")
    assert answer["active_users"] == ["Ana"]
    assert "troll" not in str(answer).lower()
