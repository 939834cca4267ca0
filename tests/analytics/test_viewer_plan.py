"""Which way to a page of those whom a search finds is the cheapest, told from a few numbers."""

from __future__ import annotations

from dataclasses import replace

import pytest

from analytics.viewer_plan import Search, Way

MILLION = 1_000_000
NEW = Search(everybody=MILLION, people=MILLION, matches=140_000, noted=1_001, unseen=0.99, can_read=True)


@pytest.mark.parametrize(
    ("matches", "wanted", "way"),
    [
        (300_000, 50, Way.READ),
        (140_000, 50, Way.READ),
        (140_000, 1_000, Way.READ),
        (30_000, 1_000, Way.NOTED),
        (5_000, 50, Way.NOTED),
        (2_000, 1_000, Way.SORTED),
    ],
)
def test_who_is_met_soon_is_read_who_is_not_is_noted_and_few_are_sorted(matches, wanted, way):
    assert replace(NEW, matches=matches).cheapest(wanted) is way


def test_once_all_are_noted_nobody_is_read_on_a_walk():
    whole = replace(NEW, noted=140_000, unseen=0.0)
    assert {whole.cheapest(wanted) for wanted in (1, 50, 1_000)} == {Way.NOTED}


def test_names_that_only_their_index_finds_are_not_read():
    assert replace(NEW, can_read=False).cheapest(50) is Way.NOTED


def test_a_walk_is_as_much_longer_as_the_filter_lets_fewer_through():
    assert NEW.met(50) == 357
    assert replace(NEW, people=250_000).met(50) == 1_428


def test_few_of_many_active_people_are_sooner_read_than_counted():
    active = replace(NEW, people=250_000)
    assert replace(active, matches=1_500).is_sooner_read_than_counted(1_000)
    assert not replace(active, matches=50_000).is_sooner_read_than_counted(1_000)
