"""The list of viewers and each one opened, as a script asks for them."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import httpx
import pytest

from core.clock import DAY_MS, HOUR_MS, MINUTE_MS, now_ms
from core.events import Event, Kind, Mark, Person, Platform
from tests.web.conftest import Alone, Stage, event
from web.viewer_schemas import (
    ActiveSessionsAnswer,
    BirthdayProfile,
    EditsAnswer,
    GiftsAnswer,
    HeatmapAnswer,
    HourCell,
    InteractionsAnswer,
    Profile,
    ProfileDetail,
    PublicRank,
    RankedProfile,
    SessionsAnswer,
    SummaryAnswer,
    TierAnswer,
    ViewersAnswer,
    VoiceAnswer,
)

ROOT = "/api/viewer-profiles"
OF_OLD = (
    "id tiktok_username tiktok_user_id display_name profile_picture_url bio age gender country language verified "
    "follower_count following_count first_seen_at last_seen_at total_visits total_watchtime_seconds total_coins_spent "
    "total_gifts_sent total_comments total_likes total_shares tts_voice discord_username birthday notes tags is_vip "
    "vip_since vip_tier loyalty_points is_blocked is_favorite is_moderator created_at updated_at"
).split()


def get(client: httpx.Client, path: str, shape: Any = None, /, **options: object) -> Any:
    response = client.get(f"{ROOT}{path}", params=options)
    assert response.status_code == 200, response.text
    answer = response.json()
    for one in answer if isinstance(answer, list) else [answer]:
        if shape is not None:
            shape.model_validate(one, strict=True, extra="forbid")
    return answer


def problem(response: httpx.Response, status: int) -> dict[str, Any]:
    assert response.status_code == status, response.text
    answer: dict[str, Any] = response.json()
    assert answer["success"] is False
    assert answer["error"]
    return answer


def on_tiktok(channel: str, kind: Kind, by: str, at_ms: int | None = None, **more: Any) -> Event:
    told = event(channel, kind, by=by, at_ms=at_ms, **more)
    return Event(
        Platform.TIKTOK, channel, kind, told.at_ms, told.source_id, told.who, told.text, told.amount, 0, told.extra
    )


def gift(channel: str, by: str, count: int, diamonds: int = 5, at_ms: int | None = None) -> Event:
    extra = {"gift_id": 7, "name": "Rose", "quantity": count, "diamonds": diamonds}
    return on_tiktok(channel, Kind.GIFT, by, at_ms, amount=count * diamonds, extra=extra)


def test_a_profile_has_the_35_keys_of_old_first_and_in_their_order(stage: Stage, client):
    stage.tell(on_tiktok("keys", Kind.CHAT, "keysia", text="hello"), gift("keys", "keysia", 3))
    profile = get(client, "/keysia", ProfileDetail)
    assert list(profile)[:36] == OF_OLD
    assert profile["tiktok_username"] == profile["username"] == "keysia"
    assert profile["tiktok_user_id"] == profile["platform_user_id"] == "id-keysia"
    assert (profile["platform"], profile["address"]) == ("tiktok", "tiktok:keysia")
    assert (profile["total_coins_spent"], profile["total_gifts_sent"], profile["total_comments"]) == (15, 3, 1)
    assert profile["loyalty_points"] == 10 + 15
    assert profile["first_seen_at"].endswith("+05:30")
    assert profile["tags"] == []
    assert profile["is_vip"] is profile["is_favorite"] is False
    assert [row["gift_name"] for row in profile["topGifts"]] == ["Rose"]
    assert [row["coins"] for row in profile["giftHistory"]] == [15]
    assert [row["kind"] for row in profile["interactions"]] == ["gift", "chat"]
    assert [len(day) for day in profile["heatmap"]] == [24] * 7
    assert sum(map(sum, profile["heatmap"])) == 2
    assert sum(map(sum, profile["heatmapCoins"])) == 15
    assert [row["left_at"] for row in profile["recentSessions"]] == [None]
    assert profile["is_online"] is True
    assert profile["vip"]["next"]["name"] == "Bronze"


def test_the_list_is_paged_sorted_and_searched(stage: Stage, client):
    for number in range(7):
        stage.tell(gift("listed", f"listed.{number}", number + 1, at_ms=now_ms() - number * MINUTE_MS))
    answer = get(client, "", ViewersAnswer, search="listed.", limit=3, page=2)
    assert answer["pagination"] == {"page": 2, "limit": 3, "total": 7, "totalPages": 3, "totalIsExact": True}
    assert [one["username"] for one in answer["data"]] == ["listed.3", "listed.2", "listed.1"]
    upwards = get(client, "", ViewersAnswer, search="LISTED.", sortBy="last_seen_at", order="ASC")
    assert [one["username"][-1] for one in upwards["data"]] == list("6543210")
    small = get(client, "", ViewersAnswer, search="listed.", sortBy="last_seen_at", order="asc")
    assert small["data"] == upwards["data"]
    assert get(client, "", ViewersAnswer, search="listed.", filter="vip")["data"] == []
    assert get(client, "", ViewersAnswer, search="listed.", filter="", limit=3, page=2)["data"] == answer["data"]
    assert get(client, "", ViewersAnswer, search='"; DROP TABLE viewers --')["data"] == []
    assert len(get(client, "", ViewersAnswer, search="listed.", filter="active")["data"]) == 7


@pytest.mark.parametrize(
    ("path", "options", "field", "allowed"),
    [
        ("", {"sortBy": "notes"}, "sortBy", "last_seen_at"),
        ("", {"sortBy": "total_coins_spent; DROP"}, "sortBy", "total_coins_spent"),
        ("", {"order": "down"}, "order", "DESC"),
        ("", {"filter": "rich"}, "filter", "favorites"),
        ("", {"limit": "201"}, "limit", "200"),
        ("", {"limit": "0"}, "limit", "1"),
        ("", {"page": "0"}, "page", "1"),
        ("", {"page": "1e9"}, "page", "whole number"),
        ("/leaderboard", {"type": "hugs"}, "type", "coins"),
        ("/leaderboard", {"scope": "year"}, "scope", "stream"),
        ("/birthdays/upcoming", {"days": "367"}, "days", "366"),
        ("/vip/list", {"tier": "Wood"}, "tier", "Bronze"),
        ("/export", {"format": "xls"}, "format", "csv"),
        ("/export", {"filter": "x"}, "filter", "all"),
        ("/nobody/gifts", {"before": "1"}, "before", "send what an answer has told"),
        ("/nobody/sessions", {"limit": "0"}, "limit", "1"),
    ],
)
def test_a_bad_value_is_refused_with_what_is_allowed(client, path, options, field, allowed):
    answer = problem(client.get(f"{ROOT}{path}", params=options), 422)
    assert [detail["field"] for detail in answer["details"]] == [field]
    assert allowed in answer["error"]


@pytest.mark.parametrize(
    "name",
    ["nobody", "twitch:nobody", "tiktok:", ":", "@", "%00", "x" * 300, "%ed%a0%80", "viewer/other", "ä" * 80],
)
@pytest.mark.parametrize("part", ["", "/heatmap", "/gifts", "/export"])
def test_who_is_unknown_is_not_found(client, name, part):
    answer = client.get(f"{ROOT}/{name}{part}")
    problem(answer, 404)
    assert len(answer.content) < 1_000


def test_a_name_on_both_platforms_is_told_apart_and_found_whatever_its_spelling(stage: Stage, client):
    stage.tell(event("twins", by="twin"), on_tiktok("twins", Kind.CHAT, "twin", text="hi"))
    stage.tell(event("twins", by="only.me:2"), event("twins", by="мила"))
    for asked, address in {
        "twin": "tiktok:twin",
        "twitch:twin": "twitch:twin",
        "TikTok:@Twin": "tiktok:twin",
        "@TWIN": "tiktok:twin",
        "only.me:2": "twitch:only.me:2",
        "twitch:Only.Me:2": "twitch:only.me:2",
        "МИЛА": "twitch:мила",
    }.items():
        assert get(client, f"/{quote(asked)}")["address"] == address, asked


def test_who_is_called_like_a_route_is_asked_for_by_platform(stage: Stage, client):
    stage.tell(*(event("words", by=name) for name in ("leaderboard", "export", "stats", "vip", "import")))
    for name in ("leaderboard", "export", "import", "stats", "vip"):
        assert get(client, f"/twitch:{name}", ProfileDetail)["username"] == name
    assert isinstance(get(client, "/leaderboard"), list)
    assert get(client, "/stats", ProfileDetail)["username"] == "stats"
    assert get(client, "/vip/heatmap", HeatmapAnswer)["username"] == "vip"
    for method, path in (("DELETE", "/leaderboard"), ("PATCH", "/export"), ("GET", "/import"), ("DELETE", "/vip/list")):
        assert client.request(method, f"{ROOT}{path}").status_code in (404, 405), path
    assert get(client, "/twitch:leaderboard")["username"] == "leaderboard"


def test_a_former_name_leads_to_its_last_owner(stage: Stage, client):
    def named(login: str, at_ms: int) -> Event:
        who = Person("id-renamed", login, login.title())
        return Event(Platform.TWITCH, "renames", Kind.CHAT, at_ms, f"renames-{at_ms}", who, "hi")

    now = now_ms()
    stage.tell(named("caterpillar", now - 2_000))
    stage.tell(named("butterfly", now - 1_000))
    assert get(client, "/caterpillar")["username"] == "butterfly"
    assert [one["username"] for one in get(client, "/butterfly")["names"]] == ["caterpillar"]
    stage.tell(event("renames", by="caterpillar"))
    assert get(client, "/caterpillar")["platform_user_id"] == "id-caterpillar"


def test_whoever_gives_subs_and_cheers_on_twitch_has_them_among_their_gifts(stage: Stage, client):
    now = now_ms()
    at = iter(range(now - HOUR_MS, now, MINUTE_MS))
    for heap, size in (("one", 5), ("two", 2)):
        extra = {"plan": "2000", "origin": heap}
        stage.tell(*(event("patrons", Kind.SUBGIFT, by="patron", at_ms=next(at), extra=extra) for _ in range(size)))
        stage.tell(event("patrons", by="patron", at_ms=next(at), text="take this", amount=50 * size))
    stage.tell(event("patrons", by="patron", text="no bits"))
    stage.tell(event("patrons", by="patron", text="elsewhere", amount=900, marks=int(Mark.SHARED)))
    gone = event("patrons", by="patron", text="nonsense", amount=7)
    stage.tell(gone, event("patrons", Kind.DELETE, by="patron", extra={"target": gone.source_id}))
    given = [("bits", "Bits", 100, 100), ("gift", "Tier 2 sub", 2, 0)]
    given += [("bits", "Bits", 250, 250), ("gift", "Tier 2 sub", 5, 0)]
    profile = get(client, "/patron", ProfileDetail)
    assert [told(row) for row in profile["giftHistory"]] == given
    top = [(row["gift_name"], row["quantity"], row["coins"]) for row in profile["topGifts"]]
    assert top == [("Bits", 350, 350), ("Tier 2 sub", 7, 0)]
    first = get(client, "/patron/gifts", GiftsAnswer, limit=2)
    rest = get(client, "/patron/gifts", GiftsAnswer, limit=2, before=first["next"])
    assert [told(row) for row in [*first["items"], *rest["items"]]] == given
    assert rest["next"] is None
    whole = get(client, "/patron/export")
    assert [told(row) for row in whole["gifts"]] == given
    assert whole["top_gifts"] == profile["topGifts"]


def told(gift: dict[str, Any]) -> tuple[Any, ...]:
    return gift["kind"], gift["gift_name"], gift["quantity"], gift["coins"]


@pytest.mark.parametrize(
    ("kind", "shape"), [("interactions", InteractionsAnswer), ("gifts", GiftsAnswer), ("sessions", SessionsAnswer)]
)
def test_a_history_is_read_backwards_without_loss_even_within_one_millisecond(stage: Stage, client, kind, shape):
    channel, by, now = f"past-{kind}", f"past.{kind}", now_ms()
    for visit in range(4):
        at = now - (4 - visit) * HOUR_MS
        stage.tell(*(gift(channel, by, number + 1, at_ms=at) for number in range(6)))
    whole = get(client, f"/{by}/{kind}", shape, limit=200)
    assert whole["next"] is None
    assert len(whole["items"]) == (4 if kind == "sessions" else 24)
    items, before = [], None
    for _ in range(20):
        page = get(client, f"/{by}/{kind}", shape, limit=3, **({"before": before} if before else {}))
        items += page["items"]
        before = page["next"]
        if before is None:
            break
    assert items == whole["items"]
    assert get(client, f"/{by}/edits", EditsAnswer) == {"success": True, "items": [], "next": None}


def test_what_a_moderator_removed_is_in_the_log_without_its_words(stage: Stage, client):
    (said,) = stage.chat("removed", "a bad word", by="remo")
    stage.tell(event("removed", Kind.DELETE, by="remo", extra={"target": said.source_id}))
    rows = get(client, "/remo/interactions", InteractionsAnswer)["items"]
    assert [(row["removed"], row["text"]) for row in rows if row["kind"] == "chat"] == [(True, "")]
    exported = client.get(f"{ROOT}/remo/export").json()
    assert "a bad word" in [row["text"] for row in exported["events"]]


def test_the_hours_of_all_are_168_the_busiest_first(stage: Stage, client):
    stage.chat("busy", "one", "two", "three")
    cells = get(client, "/heatmap/global", HourCell, channel="busy")
    assert len(cells) == len({(cell["day_of_week"], cell["hour_of_day"]) for cell in cells}) == 168
    assert [cell["total"] for cell in cells] == [3] + [0] * 167
    problem(client.get(f"{ROOT}/heatmap/global", params={"channel": "never"}), 404)


def test_who_is_here_is_listed_with_since_when(stage: Stage, client):
    stage.tell(event("present", by="early", at_ms=now_ms() - MINUTE_MS), event("present", by="late"))
    answer = get(client, "/sessions/active", ActiveSessionsAnswer)
    here = {row["username"]: row for row in answer["sessions"] if row["channel"] == "present"}
    assert here.keys() == {"early", "late"}
    assert 60 <= here["early"]["duration"] <= 90
    assert answer["count"] >= len(answer["sessions"])


def test_tiers_and_voices_are_listed(client):
    assert [tier["name"] for tier in get(client, "/vip/tiers", TierAnswer)] == ["Bronze", "Silver", "Gold", "Platinum"]
    assert {"en_us_001", "de_001"} <= {voice["value"] for voice in get(client, "/tts/voices", VoiceAnswer)}


def test_the_page_answers_for_everybody_and_for_one(client):
    for path in ("/viewers", "/viewers/tiktok:nova", "/viewers/a%2Fb"):
        answer = client.get(path, headers={"Accept": "text/html"})
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/html")


def test_the_sums_of_all_agree_with_what_happened(alone: Alone, program):
    from ingest.writer import Writer

    client = alone.client
    nobody = get(client, "/stats/summary", SummaryAnswer)
    assert nobody.pop("topSpender") is None
    assert nobody.pop("platforms") == {}
    assert set(nobody.values()) == {0}
    assert get(client, "/leaderboard", RankedProfile) == []
    now = now_ms()
    writer = Writer(alone.database).start()
    try:
        stage = Stage(alone.web, alone.database, writer)
        stage.tell(gift("sums", "giver", 4, 100, now - 2_000), gift("sums", "other", 1, 100, now - 1_000))
        stage.tell(on_tiktok("sums", Kind.CHAT, "silent", now - 40 * DAY_MS, text="long ago"))
        stage.tell(event("sums", by="cheerer", text="cheer50", amount=50))
    finally:
        writer.close()
    client.patch(f"{ROOT}/other", json={"birthday": "2000-01-01", "is_blocked": True})
    client.patch(f"{ROOT}/silent", json={"is_favorite": True})
    assert client.post(f"{ROOT}/giver/vip", json={"tier": "gold"}).status_code == 200
    told = get(client, "/stats/summary", SummaryAnswer)
    assert (told["totalViewers"], told["totalRevenue"], told["activeViewers"]) == (4, 550, 3)
    assert (told["vipCount"], told["favorites"], told["platforms"]) == (1, 1, {"tiktok": 3, "twitch": 1})
    assert told["topSpender"]["username"] == "giver"
    assert told["topSpender"]["coinsSpent"] == 400
    for scope in ("all", "stream"):
        board = get(client, "/leaderboard", RankedProfile, type="coins", scope=scope)
        assert [(row["rank"], row["username"], row["value"]) for row in board] == [
            (1, "giver", 400),
            (2, "cheerer", 50),
        ]
    assert [
        row["username"] for row in get(client, "/leaderboard", type="coins", scope="stream", platform="twitch")
    ] == ["cheerer"]
    shown = client.get("/api/overlay/leaderboard", params={"type": "gifts"}).json()
    assert [PublicRank.model_validate(row, strict=True, extra="forbid").username for row in shown] == ["giver"]
    (vip,) = get(client, "/vip/list", Profile, tier="GOLD")
    assert vip in get(client, "/vip/list", Profile, tier="")
    assert (vip["username"], vip["vip_source"], vip["vip_color"]) == ("giver", "set", "#FFD700")
    (born,) = get(client, "/birthdays/upcoming", BirthdayProfile, days=366)
    assert client.get(f"{ROOT}/birthdays/upcoming", params={"days": 366}).headers["X-Total-Count"] == "1"
    assert (born["username"], born["birthday_on"][5:]) == ("other", "01-01")
    assert born["age"] == int(born["birthday_on"][:4]) - 2000
