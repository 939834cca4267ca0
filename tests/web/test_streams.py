"""Past streams: the list and each one opened, as a script asks for them."""

from __future__ import annotations

import httpx
import pytest

from core.clock import HOUR_MS, MINUTE_MS, SECOND_MS, now_ms
from core.events import Kind
from tests.web.conftest import Stage, event
from web.schemas import ChatAnswer, StreamAnswer, StreamsAnswer


def streams(client: httpx.Client, **options: object) -> dict:
    response = client.get("/api/streams", params=options)
    assert response.status_code == 200, response.text
    answer = response.json()
    assert StreamsAnswer.model_validate(answer, strict=True, extra="forbid")
    return answer


def only_stream(client: httpx.Client, channel: str) -> dict:
    (stream,) = streams(client, channel=channel)["data"]
    return stream


def chat(client: httpx.Client, stream_id: int, **options: object) -> dict:
    response = client.get(f"/api/streams/{stream_id}/chat", params=options)
    assert response.status_code == 200, response.text
    answer = response.json()
    assert ChatAnswer.model_validate(answer, strict=True, extra="forbid")
    return answer


def test_streams_are_told_apart_by_silence_and_listed_newest_first(stage, client):
    now = now_ms()
    for hours in (9, 6, 3):
        stage.chat("pages", "hello", "bye", at_ms=now - hours * HOUR_MS)
    stage.chat("pages", "live")
    answer = streams(client, channel="pages")
    assert [stream["live"] for stream in answer["data"]] == [True, False, False, False]
    assert [stream["messages"] for stream in answer["data"]] == [1, 2, 2, 2]
    starts = [stream["started_at"] for stream in answer["data"]]
    assert starts == sorted(starts, reverse=True)
    assert [stream["ended_at"] is None for stream in answer["data"]] == [True, False, False, False]


def test_the_list_is_paged_without_loss_or_repetition(stage, client):
    now = now_ms()
    for hours in range(1, 8):
        stage.chat("paged", "hello", at_ms=now - hours * HOUR_MS)
    whole = streams(client, channel="paged", limit=100)
    pages = [streams(client, channel="paged", limit=3, page=number) for number in (1, 2, 3)]
    assert whole["pagination"] == {"page": 1, "limit": 100, "total": 7, "totalPages": 1}
    assert [page["pagination"]["totalPages"] for page in pages] == [3, 3, 3]
    assert [stream for page in pages for stream in page["data"]] == whole["data"]
    assert streams(client, channel="paged", limit=3, page=10_000)["data"] == []


def test_a_stream_is_opened_with_its_graph_people_words_and_totals(stage, client):
    start = now_ms() // MINUTE_MS * MINUTE_MS - 5 * HOUR_MS
    for minute in range(4):
        stage.chat("opened", "pogchamp indeed", by=f"guest{minute % 2}", at_ms=start + minute * MINUTE_MS)
    stage.tell(event("opened", Kind.CHAT, by="guest1", at_ms=start + 9 * MINUTE_MS, text="cheer100", amount=100))
    stream = only_stream(client, "opened")
    response = client.get(f"/api/streams/{stream['id']}")
    assert response.status_code == 200
    answer = response.json()
    assert StreamAnswer.model_validate(answer, strict=True, extra="forbid")
    assert answer["stream"] == stream
    assert answer["counts"] == [1, 1, 1, 1, 0, 0, 0, 0, 0, 1]
    assert len(answer["times"]) == 10
    assert (stream["messages"], stream["chatters"], stream["bits"]) == (5, 2, 100)
    assert (stream["earned"]["amount"], stream["earned"]["currency"], stream["earned"]["bits"]) == (1.0, "USD", 1.0)
    assert stream["duration_seconds"] == 9 * 60
    assert [row["messages"] for row in answer["top_chatters"]] == [3, 2]
    assert {"term": "pogchamp", "count": 4} in answer["top_words"]


def test_chat_is_read_backwards_page_by_page_even_within_one_millisecond(stage, client):
    at_ms = now_ms() - 10 * SECOND_MS
    stage.chat("scroll", *(f"message {number}" for number in range(25)), at_ms=at_ms)
    stream = only_stream(client, "scroll")
    seen, following = [], None
    for _ in range(10):
        page = chat(client, stream["id"], limit=10, **({"before": following} if following else {}))
        seen += [item["text"] for item in page["items"]]
        following = page["next"]
        if following is None:
            break
    assert seen == [f"message {number}" for number in reversed(range(25))]


def test_deleted_and_cleared_messages_are_not_in_a_streams_chat(stage, client):
    _wiped, gone = stage.chat("wiped", "before the wipe", "deleted one", at_ms=now_ms() - 2_000)
    stage.tell(event("wiped", Kind.DELETE, extra={"target": gone.source_id}, at_ms=now_ms() - 1_500))
    stage.tell(event("wiped", Kind.CLEAR, at_ms=now_ms() - 1_000))
    stage.chat("wiped", "after the wipe")
    stream = only_stream(client, "wiped")
    assert [item["text"] for item in chat(client, stream["id"])["items"]] == ["after the wipe"]


@pytest.mark.parametrize("path", ["/api/streams/{}", "/api/streams/{}/chat", "/streams/{}"])
@pytest.mark.parametrize("number", ["0", "999999", "9223372036854775807", "9223372036854775808", "9" * 400, "9" * 5000])
def test_a_stream_that_is_not_there_is_not_found(client, path, number):
    response = client.get(path.format(number))
    assert response.status_code == 404
    assert response.json()["success"] is False
    assert len(response.content) < 1_000


@pytest.mark.parametrize("number", ["-1", "1.5", "one", "1%20", "%00", "1/../2x"])
def test_a_number_that_is_none_is_not_found(client, number):
    response = client.get(f"/api/streams/{number}")
    assert response.status_code == 404
    assert response.json()["success"] is False


@pytest.mark.parametrize(
    ("path", "options", "field"),
    [
        ("/api/streams", {"page": "0"}, "page"),
        ("/api/streams", {"page": "10001"}, "page"),
        ("/api/streams", {"limit": "101"}, "limit"),
        ("/api/streams", {"limit": "all"}, "limit"),
        ("/api/streams", {"platform": "twitch'"}, "platform"),
        ("/api/streams/1/chat", {"before": "0"}, "before"),
        ("/api/streams/1/chat", {"before": str(2**63)}, "before"),
        ("/api/streams/1/chat", {"before": "-1"}, "before"),
        ("/api/streams/1/chat", {"limit": "201"}, "limit"),
    ],
)
def test_a_bad_value_is_refused_and_the_field_named(client, path, options, field):
    response = client.get(path, params=options)
    assert response.status_code == 422
    answer = response.json()
    assert answer["success"] is False
    assert [detail["field"] for detail in answer["details"]] == [field]


def test_a_row_that_is_not_there_ends_the_paging(stage: Stage, client):
    stage.chat("endless", "hello")
    stream = only_stream(client, "endless")
    assert chat(client, stream["id"], before=2**63 - 1) == {
        "success": True,
        "items": [],
        "next": None,
        "kept_since": None,
    }
