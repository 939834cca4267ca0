"""A list of tiers as people give it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules import tier_list
from rules.profiles import Invalid
from rules.tiers import DEFAULT_TIERS, Tier
from tests.rules.test_profiles import anything


def tier(name="Bronze", **more):
    return {"name": name, "coins": 1, "watch_hours": 2, "visits": 3, "color": "#cd7f32"} | more


def refused(tiers):
    with pytest.raises(Invalid) as caught:
        tier_list.clean(tiers)
    return {detail["field"]: detail["message"] for detail in caught.value.details}


def test_tiers_stand_in_the_order_of_the_list():
    assert tier_list.clean([tier(" Rust "), tier("Iron", id=7, benefits=["Tea", " "])]) == [
        Tier("Rust", 1, 2, 3, rank=1, color="#CD7F32"),
        Tier("Iron", 1, 2, 3, id=7, rank=2, color="#CD7F32", benefits=("Tea",)),
    ]


def test_or_in_the_order_of_their_ranks():
    found = tier_list.clean([tier("Gold", rank=30), tier("Bronze", rank=10), tier("Silver", rank=20)])
    assert [(one.name, one.rank) for one in found] == [("Bronze", 1), ("Silver", 2), ("Gold", 3)]


def test_thresholds_left_out_are_none():
    assert tier_list.clean([{"name": "All", "color": "#000000"}]) == [Tier("All", 0, 0, 0, rank=1, color="#000000")]


@pytest.mark.parametrize("tiers", [[], None, {}, "Gold", [tier(str(number)) for number in range(11)]])
def test_there_are_one_to_ten_tiers(tiers):
    assert list(refused(tiers)) == ["tiers"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""), ("name", "  "), ("name", "x" * 33), ("name", None), ("name", "a\nb"), ("name", 7),
        ("coins", -1), ("coins", 1.5), ("coins", True), ("coins", "7"), ("coins", 10**12 + 1), ("coins", None),
        ("watch_hours", -1), ("watch_hours", 10**6 + 1), ("visits", -1), ("visits", 10**9 + 1),
        ("color", "gold"), ("color", "#FFF"), ("color", "#GGGGGG"), ("color", "#FFD700\n"), ("color", None),
        ("benefits", "Tea"), ("benefits", ["a\nb"]), ("benefits", [1]), ("benefits", ["x" * 201]),
        ("benefits", ["x"] * 21), ("id", -1), ("id", "7"), ("rank", "high"), ("price", 3),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_place(field, value):
    assert list(refused([tier("Rust"), tier(**{field: value})])) == [f"tiers.1.{field}"]


def test_what_a_tier_has_is_said():
    assert "watch_hours" in refused([tier(price=3)])["tiers.0.price"]
    assert refused(["Gold"]) == {"tiers.0": "must be an object"}
    assert refused([tier(coins=-5)]) == {"tiers.0.coins": "must be a whole number from 0 to 1,000,000,000,000"}


@pytest.mark.parametrize(
    "tiers",
    [
        [tier("Gold"), tier("GOLD ")],
        [tier("Gold", id=3), tier("Silver", id=3)],
        [tier("Gold", rank=1), tier("Silver")],
        [tier("Gold", rank=1), tier("Silver", rank=1)],
    ],
)
def test_tiers_differ(tiers):
    assert list(refused(tiers)) == ["tiers"]


KNOWN = [Tier("Bronze", 1, 1, 1, id=5, rank=1), Tier("Silver", 2, 2, 2, id=6, rank=2)]


@pytest.mark.parametrize(
    ("wanted", "ids"),
    [
        ([("Bronze", 0), ("SILVER", 0)], [5, 6]),  # by name
        ([("Copper", 5), ("Silver", 6)], [5, 6]),  # renamed
        ([("Silver", 5), ("Bronze", 6)], [5, 6]),  # names exchanged
        ([("Silver", 5), ("Silver2", 0)], [5, 0]),  # the name belongs to another now
        ([("Bronze", 99), ("Gold", 0)], [5, 0]),  # an id that is not there says nothing
        ([("Bronze", 0), ("Silver", 5)], [0, 5]),
    ],
)
def test_tiers_are_known_by_their_ids_and_else_by_their_names(wanted, ids):
    tiers = [Tier(name, 0, 0, 0, id=tier_id) for name, tier_id in wanted]
    assert [one.id for one in tier_list.match(tiers, KNOWN)] == ids


def test_what_rises_and_what_does_not():
    bronze, silver = KNOWN
    gone = Tier("Gone", 1, 5, 0)
    assert tier_list.rises(None, bronze)
    assert tier_list.rises(bronze, silver)
    assert not tier_list.rises(silver, bronze)
    assert not tier_list.rises(bronze, None)
    assert tier_list.rises(gone, silver)
    assert not tier_list.rises(gone, bronze)


def as_given(tiers):
    return [
        {
            "name": one.name,
            "coins": one.coins,
            "watch_hours": one.watch_hours,
            "visits": one.visits,
            "color": one.color,
            "benefits": list(one.benefits),
        }
        for one in tiers
    ]


def test_the_default_tiers_are_fine():
    assert tier_list.clean(as_given(DEFAULT_TIERS)) == list(DEFAULT_TIERS)


@given(st.lists(st.dictionaries(st.sampled_from(tier_list.FIELDS), anything, max_size=8) | anything, max_size=3))
def test_whatever_comes_is_cleaned_or_refused(given_):
    try:
        cleaned = tier_list.clean(given_)
    except Invalid as error:
        assert all(detail["field"].startswith("tiers") and detail["message"] for detail in error.details)
    else:
        assert tier_list.clean(as_given(cleaned)) == [Tier(**_without_id(one)) for one in cleaned]


def _without_id(one):
    return {name: getattr(one, name) for name in one.__slots__ if name != "id"}
