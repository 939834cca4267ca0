"""What the team changes of a person: fields, tiers by hand, and the trail that this leaves."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import update

from actions import viewers
from models import Viewer, ViewerEdit, ViewerNews
from rules.profiles import Invalid
from tests.support import MILO, NOON, NOVA, chat, database, days, only, rows, write

LATER = NOON + days(1)


@pytest.fixture
def db(tmp_path):
    fresh = database(tmp_path)
    write(fresh, [chat(NOVA)], now_ms=NOON + days(0.5))  # too late to be told as news
    yield fresh
    fresh.close()


@pytest.fixture
def nova(db):
    return only(db, Viewer)["id"]


def edit(db, viewer_id, changes, editor="lena", now_ms=LATER):
    return viewers.update(db, viewer_id, changes, editor=editor, now_ms=now_ms)


def news(db):
    return [(row["kind"], json.loads(row["detail"])) for row in rows(db, ViewerNews)]


def trail(db):
    return [
        (row["editor"], row["field"], json.loads(row["before"]), json.loads(row["after"]))
        for row in rows(db, ViewerEdit)
    ]


def reach(db, viewer_id, *, coins=0, hours=0, visits=0):
    """Totals as years of streams would leave them."""
    values = {"total_coins_spent": coins, "total_watchtime_ms": hours * 3_600_000, "total_visits": visits}
    with db.writing() as connection:
        connection.execute(update(Viewer).where(Viewer.id == viewer_id).values(values))


def tier_name(db):
    with db.reading() as connection:
        names = {tier.id: tier.name for tier in viewers.vip.tiers(connection)}
    return names.get(only(db, Viewer)["vip_tier_id"])


def test_every_field_is_written_with_its_trail_and_told_once(db, nova):
    changes = {
        "tts_voice": "de_001",
        "discord_username": "nova.live",
        "birthday": "2000-02-29",
        "notes": "likes tea",
        "tags": ["Regular", "regular", "cats"],
        "is_favorite": True,
        "is_blocked": True,
        "is_moderator": True,
    }
    assert edit(db, nova, changes) == list(changes)
    row = only(db, Viewer)
    assert {name: row[name] for name in ("tts_voice", "discord_username", "birthday", "birthday_mmdd", "notes")} == {
        "tts_voice": "de_001",
        "discord_username": "nova.live",
        "birthday": "2000-02-29",
        "birthday_mmdd": 229,
        "notes": "likes tea",
    }
    assert json.loads(row["tags"]) == ["Regular", "cats"]
    assert row["favorite_since_ms"] == row["updated_at_ms"] == LATER
    assert row["is_blocked"]
    assert row["is_moderator"]
    assert trail(db) == [
        ("lena", "tts_voice", "", "de_001"),
        ("lena", "discord_username", "", "nova.live"),
        ("lena", "birthday", None, "2000-02-29"),
        ("lena", "notes", "", "likes tea"),
        ("lena", "tags", [], ["Regular", "cats"]),
        ("lena", "is_favorite", False, True),
        ("lena", "is_blocked", False, True),
        ("lena", "is_moderator", False, True),
    ]
    assert news(db) == [("updated", {"fields": list(changes)})]


def test_only_what_really_changes_is_written(db, nova):
    edit(db, nova, {"notes": "likes tea", "is_favorite": True})
    assert edit(db, nova, {"notes": "likes tea", "is_favorite": True, "is_blocked": True}, now_ms=LATER + 1) == [
        "is_blocked"
    ]
    assert only(db, Viewer)["favorite_since_ms"] == LATER
    assert len(trail(db)) == 3


def test_nothing_changed_leaves_no_trace(db, nova):
    before = only(db, Viewer)
    assert edit(db, nova, {"notes": "", "is_favorite": False, "birthday": None, "tags": []}) == []
    assert edit(db, nova, {}) == []
    assert only(db, Viewer) == before
    assert (trail(db), news(db)) == ([], [])


def test_a_birthday_taken_away_is_looked_for_no_more(db, nova):
    edit(db, nova, {"birthday": "1999-12-31"})
    edit(db, nova, {"birthday": None})
    row = only(db, Viewer)
    assert (row["birthday"], row["birthday_mmdd"]) == (None, None)


def test_one_wrong_field_means_nothing_is_written(db, nova):
    with pytest.raises(Invalid) as caught:
        edit(db, nova, {"notes": "likes tea", "total_coins_spent": 1_000_000})
    assert [detail["field"] for detail in caught.value.details] == ["total_coins_spent"]
    assert only(db, Viewer)["notes"] == ""


def test_who_is_not_there_or_was_erased_cannot_be_edited(db, nova):
    with pytest.raises(viewers.NoSuchViewer):
        edit(db, nova + 1, {"notes": "who?"})
    with db.writing() as connection:
        connection.execute(update(Viewer).values(erased_at_ms=NOON))
    for order in (
        lambda: edit(db, nova, {"notes": "who?"}),
        lambda: viewers.set_vip(db, nova, "Gold", editor="lena", now_ms=LATER),
        lambda: viewers.reset_vip(db, nova, editor="lena", now_ms=LATER),
    ):
        with pytest.raises(viewers.NoSuchViewer):
            order()


def test_a_tier_given_by_hand_stays_whatever_automation_thinks(db, nova):
    assert viewers.set_vip(db, nova, " gold", editor="lena", now_ms=LATER)
    assert tier_name(db) == "Gold"
    assert only(db, Viewer)["vip_since_ms"] == LATER
    reach(db, nova, coins=1_000_000, hours=1_000, visits=1_000)
    write(db, [chat(NOVA, at=LATER + 1, amount=100)])
    assert tier_name(db) == "Gold"
    assert ("vip-set", {"tier": "Gold", "previous": None}) in news(db)
    assert trail(db) == [
        ("lena", "vip_tier", {"tier": None, "by": "automatic"}, {"tier": "Gold", "by": "set"}),
    ]


def test_a_tier_taken_away_by_hand_is_not_won_back(db, nova):
    reach(db, nova, coins=1_000_000, hours=1_000, visits=1_000)
    write(db, [chat(NOVA, at=LATER, amount=100)])
    assert tier_name(db) == "Platinum"
    assert viewers.set_vip(db, nova, None, editor="lena", now_ms=LATER + 1)
    assert (tier_name(db), only(db, Viewer)["vip_since_ms"]) == (None, None)
    write(db, [chat(NOVA, at=LATER + 2, amount=100)])
    assert tier_name(db) is None
    assert ("vip-removed", {"tier": None, "previous": "Platinum"}) in news(db)


def test_the_same_tier_again_is_nothing_new(db, nova):
    assert viewers.set_vip(db, nova, "Silver", editor="lena", now_ms=LATER)
    assert not viewers.set_vip(db, nova, "SILVER", editor="lena", now_ms=LATER + 1)
    assert (len(trail(db)), len(news(db))) == (1, 1)


def test_since_when_somebody_is_a_vip_outlives_another_tier(db, nova):
    viewers.set_vip(db, nova, "Silver", editor="lena", now_ms=LATER)
    viewers.set_vip(db, nova, "Gold", editor="lena", now_ms=LATER + 9)
    assert only(db, Viewer)["vip_since_ms"] == LATER
    assert news(db)[-1] == ("vip-set", {"tier": "Gold", "previous": "Silver"})


def test_to_confirm_by_hand_what_automation_gave_is_told_as_an_edit(db, nova):
    reach(db, nova, coins=1_000, hours=5, visits=10)
    viewers.reset_vip(db, nova, editor="lena", now_ms=LATER)
    assert viewers.set_vip(db, nova, None, editor="lena", now_ms=LATER)
    assert viewers.reset_vip(db, nova, editor="lena", now_ms=LATER)
    assert viewers.set_vip(db, nova, "Bronze", editor="milo", now_ms=LATER + 1)
    assert news(db)[-1] == ("updated", {"fields": ["vip_tier"]})
    assert trail(db)[-1] == ("milo", "vip_tier", {"tier": "Bronze", "by": "automatic"}, {"tier": "Bronze", "by": "set"})


@pytest.mark.parametrize(
    ("coins", "by_hand", "after", "told"),
    [
        (5_000, None, "Silver", ("vip-promoted", {"tier": "Silver", "previous": None})),
        (5_000, "Bronze", "Silver", ("vip-promoted", {"tier": "Silver", "previous": "Bronze"})),
        (5_000, "Gold", "Silver", ("vip-removed", {"tier": "Silver", "previous": "Gold"})),
        (0, "Gold", None, ("vip-removed", {"tier": None, "previous": "Gold"})),
        (5_000, "Silver", "Silver", ("updated", {"fields": ["vip_tier"]})),
    ],
)
def test_given_back_to_automation_the_totals_decide_at_once(db, nova, coins, by_hand, after, told):
    viewers.set_vip(db, nova, by_hand, editor="lena", now_ms=LATER)
    reach(db, nova, coins=coins, hours=20, visits=25)
    assert viewers.reset_vip(db, nova, editor="lena", now_ms=LATER + 1)
    assert (tier_name(db), news(db)[-1]) == (after, told)
    assert not viewers.reset_vip(db, nova, editor="lena", now_ms=LATER + 2)


def test_where_automation_is_off_nobody_gets_a_tier_from_it(db, nova):
    reach(db, nova, coins=1_000_000, hours=1_000, visits=1_000)
    viewers.set_vip(db, nova, "Gold", editor="lena", now_ms=LATER)
    viewers.reset_vip(db, nova, editor="lena", now_ms=LATER, automation=False)
    assert tier_name(db) is None


def test_an_unknown_tier_names_those_there_are(db, nova):
    with pytest.raises(viewers.UnknownTier) as caught:
        viewers.set_vip(db, nova, "Diamond", editor="lena", now_ms=LATER)
    assert caught.value.allowed == ["Bronze", "Silver", "Gold", "Platinum"]
    assert trail(db) == []


def test_an_edit_touches_nobody_else(db, nova):
    write(db, [chat(MILO, at=NOON + 1)], now_ms=LATER)
    edit(db, nova, {"notes": "likes tea"})
    assert [row["notes"] for row in rows(db, Viewer)] == ["likes tea", ""]
