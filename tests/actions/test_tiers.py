"""The list of tiers is changed as one, and everybody follows."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, insert, select, update
from sqlalchemy.event import listens_for

from actions import tiers, viewers
from ingest import vip
from models import Viewer, ViewerEdit, ViewerNews, VipSource, VipTier
from rules.profiles import Invalid
from rules.tiers import tier_for
from tests.support import NOON, database, days, examples, fresh_database, rows

LATER = NOON + days(1)
BRONZE = {"name": "Bronze", "coins": 1_000, "watch_hours": 5, "visits": 10, "color": "#CD7F32"}
SILVER = {"name": "Silver", "coins": 5_000, "watch_hours": 20, "visits": 25, "color": "#C0C0C0"}
GOLD = {"name": "Gold", "coins": 20_000, "watch_hours": 50, "visits": 50, "color": "#FFD700"}
PLATINUM = {"name": "Platinum", "coins": 100_000, "watch_hours": 200, "visits": 100, "color": "#E5E4E2"}
ALL = [BRONZE, SILVER, GOLD, PLATINUM]


@pytest.fixture
def db(tmp_path):
    fresh = database(tmp_path)
    yield fresh
    fresh.close()


def add(db, *people):
    """People with given totals: (coins, watch hours, visits), and optionally their tier's name and who decided."""
    with db.writing() as connection:
        known = {tier.name: tier.id for tier in vip.tiers(connection)}
        start = connection.scalar(select(func.count()).select_from(Viewer))
        for number, (coins, hours, visits, *decided) in enumerate(people, start=start + 1):
            tier, source = (*decided, None, VipSource.AUTOMATIC)[:2] if len(decided) < 2 else decided
            connection.execute(
                insert(Viewer).values(
                    platform="tiktok",
                    platform_user_id=str(number),
                    username=f"person{number}",
                    display_name=f"Person {number}",
                    first_seen_at_ms=NOON,
                    last_seen_at_ms=NOON,
                    total_coins_spent=coins,
                    total_watchtime_ms=hours * 3_600_000,
                    total_visits=visits,
                    vip_tier_id=known.get(tier),
                    vip_since_ms=NOON if tier else None,
                    vip_source=VipSource.AUTOMATIC if source is None else source,
                )
            )


def replace(db, given_, **more):
    return tiers.replace(db, given_, editor="lena", now_ms=LATER, **more)


def tiers_of(db):
    with db.reading() as connection:
        known = {tier.id: tier.name for tier in vip.tiers(connection)}
    return [known.get(row["vip_tier_id"]) for row in rows(db, Viewer)]


def numbers(moves):
    return (moves.promoted, moves.demoted, moves.removed, moves.reset)


def test_the_list_is_written_in_its_order_and_tiers_keep_their_ids(db):
    before = {row["name"]: row["id"] for row in rows(db, VipTier)}
    replace(db, [{"name": "Iron", "color": "#101010", "coins": 10, "benefits": ["Tea", "Bread"]}, GOLD, BRONZE])
    with db.reading() as connection:
        found = vip.tiers(connection)
    assert [(tier.name, tier.rank) for tier in found] == [("Iron", 1), ("Gold", 2), ("Bronze", 3)]
    assert [tier.id for tier in found[1:]] == [before["Gold"], before["Bronze"]]
    assert found[0].benefits == ("Tea", "Bread")


def test_tiers_may_exchange_their_names(db):
    add(db, (1_000, 5, 10, "Bronze"))
    ids = {row["name"]: row["id"] for row in rows(db, VipTier)}
    moves = replace(
        db, [BRONZE | {"id": ids["Bronze"], "name": "Silver"}, SILVER | {"id": ids["Silver"], "name": "Bronze"}]
    )
    assert numbers(moves) == (0, 0, 0, 0)
    assert tiers_of(db) == ["Silver"]


def test_a_new_tier_may_have_the_name_of_one_that_goes(db):
    ids = {row["name"]: row["id"] for row in rows(db, VipTier)}
    replace(db, [BRONZE | {"id": ids["Bronze"], "name": "Gold"}])
    assert [(row["id"], row["name"]) for row in rows(db, VipTier)] == [(ids["Bronze"], "Gold")]


def test_everybody_follows_new_thresholds_up_down_and_out(db):
    add(db, (900, 5, 10), (6_000, 30, 30, "Silver"), (1_000, 5, 10, "Bronze"), (0, 0, 0))
    moves = replace(db, [BRONZE | {"coins": 900}, SILVER | {"coins": 6_001}, GOLD])
    assert tiers_of(db) == ["Bronze", "Bronze", "Bronze", None]
    assert numbers(moves) == (1, 1, 0, 0)
    moves = replace(db, [SILVER, GOLD])
    assert tiers_of(db) == [None, "Silver", None, None]
    assert numbers(moves) == (1, 0, 2, 0)


def test_since_when_somebody_is_a_vip_stays_and_new_ones_begin_now(db):
    add(db, (6_000, 30, 30, "Bronze"), (1_000, 5, 10), (0, 0, 0, "Bronze"))
    replace(db, ALL)
    assert [row["vip_since_ms"] for row in rows(db, Viewer)] == [NOON, LATER, None]


def test_what_people_decided_stays_while_the_tier_does(db):
    add(db, (0, 0, 0, "Gold", VipSource.SET), (100_000, 200, 100, None, VipSource.REMOVED))
    assert numbers(replace(db, ALL)) == (0, 0, 0, 0)
    assert tiers_of(db) == ["Gold", None]


def test_who_was_given_a_tier_that_goes_is_automation_s_again_and_that_is_told(db):
    add(db, (0, 0, 0, "Gold", VipSource.SET), (1_000, 5, 10, "Gold", VipSource.SET), (0, 0, 0, "Silver", VipSource.SET))
    moves = replace(db, [BRONZE, SILVER])
    assert tiers_of(db) == [None, "Bronze", "Silver"]
    assert numbers(moves) == (0, 1, 1, 2)
    assert [row["vip_source"] for row in rows(db, Viewer)] == [VipSource.AUTOMATIC, VipSource.AUTOMATIC, VipSource.SET]
    assert [
        (row["viewer_id"], row["editor"], row["field"], json.loads(row["before"]), json.loads(row["after"]))
        for row in rows(db, ViewerEdit)
    ] == [
        (number, "lena", "vip_tier", {"tier": "Gold", "by": "set"}, {"tier": None, "by": "automatic"})
        for number in (1, 2)
    ]


def test_where_automation_is_off_only_a_tier_that_goes_is_lost(db):
    add(db, (100_000, 200, 100), (0, 0, 0, "Bronze"), (100_000, 200, 100, "Gold"))
    moves = replace(db, [BRONZE, SILVER], automation=False)
    assert tiers_of(db) == [None, "Bronze", None]
    assert numbers(moves) == (0, 0, 1, 0)


def test_erased_people_get_no_tier(db):
    add(db, (100_000, 200, 100))
    with db.writing() as connection:
        connection.execute(update(Viewer).values(erased_at_ms=NOON))
    assert numbers(replace(db, ALL)) == (0, 0, 0, 0)


def test_moves_are_told_up_to_a_sane_number(db):
    add(db, *[(1_000, 5, 10)] * 130, (0, 0, 0, "Silver"))
    moves = replace(db, [{"name": "Iron", "color": "#101010", "coins": 1}])
    told = rows(db, ViewerNews)
    assert len(told) == tiers.TOLD
    assert {(row["at_ms"], row["kind"], row["detail"]) for row in told} == {
        (LATER, "vip-promoted", '{"tier":"Iron","previous":null}')
    }
    assert numbers(moves) == (130, 0, 1, 0)
    assert len(moves.people) == tiers.NAMED


def test_who_falls_is_told_with_the_tier_that_is_left(db):
    add(db, (6_000, 30, 30, "Silver"), (0, 0, 0, "Bronze"))
    replace(db, [BRONZE, SILVER | {"coins": 7_000}])
    assert [(row["viewer_id"], row["kind"], row["detail"]) for row in rows(db, ViewerNews)] == [
        (1, "vip-removed", '{"tier":"Bronze","previous":"Silver"}'),
        (2, "vip-removed", '{"tier":null,"previous":"Bronze"}'),
    ]


def test_a_preview_says_what_would_happen_and_changes_nothing(db):
    add(db, (900, 5, 10), (6_000, 30, 30, "Silver"), (1, 0, 0, "Bronze"), (0, 0, 0, "Gold", VipSource.SET))
    before = [rows(db, table) for table in (Viewer, VipTier, ViewerEdit, ViewerNews)]
    given_ = [BRONZE | {"coins": 900}, SILVER | {"coins": 6_001}]
    foreseen = tiers.preview(db, given_)
    assert [rows(db, table) for table in (Viewer, VipTier, ViewerEdit, ViewerNews)] == before
    assert numbers(foreseen) == (1, 1, 2, 1)
    assert [(person["username"], person["from"], person["to"]) for person in foreseen.people] == [
        ("person1", None, "Bronze"),
        ("person2", "Silver", "Bronze"),
        ("person3", "Bronze", None),
        ("person4", "Gold", None),
    ]
    assert replace(db, given_) == foreseen


def test_bad_tiers_change_nothing(db):
    before = rows(db, VipTier)
    for order in (lambda: replace(db, [BRONZE, BRONZE]), lambda: tiers.preview(db, [BRONZE | {"coins": -1}])):
        with pytest.raises(Invalid):
            order()
    assert rows(db, VipTier) == before


def test_a_new_tier_can_be_given_by_hand_at_once(db):
    add(db, (0, 0, 0))
    replace(db, [{"name": "Iron", "color": "#101010", "coins": 1}])
    viewers.set_vip(db, 1, "Iron", editor="lena", now_ms=LATER)
    assert tiers_of(db) == ["Iron"]


@pytest.mark.sqlite
def test_people_are_found_by_an_index_and_never_by_reading_everybody(db):
    add(db, (1_000, 5, 10), (0, 0, 0, "Silver"))
    plans = []

    @listens_for(db.engine, "before_cursor_execute")
    def explain(connection, _cursor, statement, parameters, *_more):
        if "viewers" in statement and not statement.startswith("EXPLAIN"):
            asked = connection.connection.driver_connection.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
            plans.extend(row[3] for row in asked.fetchall() if "viewers" in row[3])

    tiers.preview(db, ALL)
    replace(db, [BRONZE, {"name": "Iron", "color": "#101010", "watch_hours": 3, "visits": 2}])
    finding = {plan for plan in plans if "_vip_" not in plan}
    assert finding == {
        "SEARCH viewers USING INDEX ix_viewers_total_coins_spent (total_coins_spent>?)",
        "SEARCH viewers USING INDEX ix_viewers_total_watchtime_ms (total_watchtime_ms>?)",
    }


thresholds = st.fixed_dictionaries(
    {"coins": st.integers(0, 3), "watch_hours": st.integers(0, 2), "visits": st.integers(0, 2)}
)
lists_of_tiers = st.lists(st.sampled_from(["Bronze", "Silver", "Gold", "Iron"]), min_size=1, unique=True).flatmap(
    lambda names: st.tuples(
        *(thresholds.map(lambda of, name=name: of | {"name": name, "color": "#000000"}) for name in names)
    )
)
people = st.lists(
    st.tuples(
        st.integers(0, 4),
        st.integers(0, 3),
        st.integers(0, 3),
        st.sampled_from([None, "Bronze", "Silver", "Gold"]),
        st.sampled_from([VipSource.AUTOMATIC, VipSource.AUTOMATIC, VipSource.SET, VipSource.REMOVED]),
    ).map(lambda one: one[:3] + ((None, one[4]) if one[4] == VipSource.REMOVED else one[3:])),
    max_size=6,
)


@examples(40)
@given(people, lists_of_tiers, lists_of_tiers)
def test_all_tiers_are_as_if_each_person_were_judged_alone(everybody, first, second):
    with fresh_database() as db:
        add(db, *everybody)
        for given_ in (first, second):
            names = {tier["name"] for tier in given_}
            before = tiers_of(db)
            hands = [
                row["vip_source"] == VipSource.REMOVED
                or (row["vip_source"] == VipSource.SET and name in {*names, None})
                for row, name in zip(rows(db, Viewer), before, strict=True)
            ]
            foreseen = tiers.preview(db, given_)
            assert replace(db, given_) == foreseen
            with db.reading() as connection:
                known = vip.tiers(connection)
            expected = []
            for (coins, hours, visits, *_), name, by_hand in zip(everybody, before, hands, strict=True):
                reached = tier_for(coins, hours * 3_600, visits, known)
                expected.append(name if by_hand else reached.name if reached else None)
            assert tiers_of(db) == expected
            moved = sum(one != other for one, other in zip(before, expected, strict=True))
            assert foreseen.promoted + foreseen.demoted + foreseen.removed == moved
