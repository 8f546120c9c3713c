"""When a contract may be concluded, until when it runs, and what it carries of the pool."""
from dataclasses import replace
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.platform.errors import BadInput, RuleBroken, Sentence
from tenders.contracts.rules.conclusion import (
    Fee,
    Frame,
    Sharing,
    Wanted,
    check_conclusion,
    check_fields,
    check_holder,
    committed_to,
    last_day,
    minimum_of_holder,
    part_of,
    portion,
)

FRAME = Frame(
    vehicle_starts_on=date(2027, 1, 1), vehicle_ends_on=date(2030, 12, 31), maximum_duration_months=48, is_cancelled=False,
    is_closed=True, ordered_quantity=1000, unit="endpoint", minimum_quantity=900, maximum_quantity=2000,
)  # fmt: skip
WANTED = Wanted("single", date(2027, 2, 1), date(2030, 1, 31), maximum_quantity=2000)


def refusal(frame: Frame = FRAME, sharing: Sharing = Sharing(), **wanted: Any) -> str | None:  # noqa: B008 - frozen
    try:
        check_conclusion(frame, sharing, replace(WANTED, **wanted))
    except RuleBroken as broken:
        return broken.code
    return None


def test_a_decided_lot_takes_a_contract():
    assert refusal() is None


@pytest.mark.parametrize("facts", [{"is_closed": False}, {"is_cancelled": True}, {"ordered_quantity": 0}])
def test_a_lot_that_is_not_decided_takes_none(facts):
    assert refusal(replace(FRAME, **facts)) == "lot_not_decided"


@pytest.mark.parametrize(
    "days",
    [
        {"starts_on": date(2026, 12, 31)},
        {"ends_on": date(2031, 1, 1)},
    ],
)
def test_a_contract_lies_within_its_vehicle(days):
    assert refusal(**days) == "contract_outside_vehicle"


def test_four_years_at_most_unless_a_reason_is_written():
    longer = replace(FRAME, vehicle_ends_on=date(2035, 12, 31))
    assert refusal(longer, ends_on=date(2031, 2, 1)) is None
    assert refusal(longer, ends_on=date(2031, 2, 2)) == "contract_duration_needs_reason"
    assert refusal(longer, ends_on=date(2031, 2, 2), duration_reason="  ") == "contract_duration_needs_reason"
    assert refusal(longer, ends_on=date(2031, 2, 2), duration_reason="Amortissement du matériel") is None
    assert refusal(replace(longer, maximum_duration_months=None), ends_on=date(2034, 1, 1)) is None


def test_one_selection_per_lot_and_a_single_holder_is_single():
    assert refusal(sharing=Sharing("single", running=1)) == "lot_has_its_holder"
    assert refusal(sharing=Sharing("single", running=0)) is None
    assert refusal(sharing=Sharing("cascade", running=1)) == "holder_selection_is_set"
    assert refusal(sharing=Sharing("cascade", running=1), selection="cascade") is None


def test_shares_never_exceed_the_whole():
    shared = Sharing("share", 1, Decimal(60))
    assert refusal(sharing=shared, selection="share", share_percent=Decimal(40)) is None
    assert refusal(sharing=shared, selection="share", share_percent=Decimal("40.01")) == "shares_exceed_the_whole"


def test_a_contract_never_has_more_than_its_lot():
    assert refusal(maximum_quantity=2001) == "contract_maximum_above_lot"
    assert refusal(maximum_quantity=None) == "contract_maximum_above_lot"
    assert refusal(maximum_quantity=0) is None
    assert refusal(replace(FRAME, maximum_quantity=None), maximum_quantity=None) is None


@pytest.mark.parametrize(
    ("wanted", "fee", "field"),
    [
        ({"share_percent": Decimal(10)}, Fee(), "share_percent"),
        ({"selection": "share"}, Fee(), "share_percent"),
        ({"selection": "share", "share_percent": Decimal(0)}, Fee(), "share_percent"),
        ({"selection": "share", "share_percent": Decimal(101)}, Fee(), "share_percent"),
        ({"ends_on": date(2027, 1, 31)}, Fee(), "ends_on"),
        ({}, Fee("entry"), "fee"),
        ({}, Fee("entry", "member"), "fee"),
        ({}, Fee("none", "member", Decimal(1)), "fee"),
        ({}, Fee("percent_of_call_offs", "provider", Decimal(101)), "fee"),
        ({}, Fee("entry", "member", Decimal("0.004")), "fee"),
        ({}, Fee("flat_yearly", "provider", Decimal("0.0049")), "fee"),
    ],
)
def test_answers_that_contradict_each_other_are_said_by_field(wanted, fee, field):
    with pytest.raises(BadInput) as bad:
        check_fields(replace(WANTED, **wanted), fee)
    assert list(bad.value.errors) == [field]


def test_a_whole_fee_and_none_are_both_fine():
    check_fields(WANTED, Fee())
    check_fields(WANTED, Fee("percent_of_call_offs", "provider", Decimal("1.5")))
    check_fields(WANTED, Fee("percent_of_call_offs", "provider", Decimal("0.004")))
    check_fields(WANTED, Fee("entry", "member", Decimal("0.01")))


def test_the_last_day_is_the_terms_or_the_vehicles():
    assert last_day(date(2027, 1, 1), 36, date(2030, 12, 31)) == date(2029, 12, 31)
    assert last_day(date(2029, 1, 1), 36, date(2030, 12, 31)) == date(2030, 12, 31)


def test_who_is_promised_the_minimum():
    assert part_of(FRAME, Sharing(), WANTED).minimum_quantity == 900
    cascade = replace(WANTED, selection="cascade")
    assert part_of(FRAME, Sharing("cascade", 0), cascade).minimum_quantity == 900
    second = part_of(FRAME, Sharing("cascade", 1), cascade)
    assert (second.minimum_quantity, second.pooled_quantity, second.covers) == (None, 1000, None)
    rotation = part_of(FRAME, Sharing("rotation", 0), replace(WANTED, selection="rotation"))
    assert (rotation.minimum_quantity, committed_to([600, 400], rotation)) == (None, [0, 0])


def test_a_sharer_carries_its_share_of_quantity_price_and_minimum():
    part = part_of(FRAME, Sharing("share", 1, Decimal(70)), replace(WANTED, selection="share", share_percent=Decimal(30)))
    assert (part.pooled_quantity, part.minimum_quantity) == (300, 270)
    assert committed_to([601, 399], part) == [181, 120]


@given(st.integers(0, 10**9), st.lists(st.integers(0, 100), max_size=8))
def test_portions_that_follow_one_another_add_up_to_the_whole(quantity, cuts):
    bounds = [Decimal(0), *sorted(map(Decimal, cuts)), Decimal(100)]
    portions = [portion(quantity, pair) for pair in pairwise(bounds)]
    assert sum(portions) == quantity
    assert all(each >= 0 for each in portions)


def test_a_minimum_per_grappe_is_owed_once_for_each():
    assert minimum_of_holder(500, "lot", ["a", "b"]) == 500
    assert minimum_of_holder(500, "grappe", ["a", "b", "a"]) == 1000
    assert minimum_of_holder(None, "grappe", ["a"]) is None


def test_a_holder_that_lacks_something_is_told_what():
    check_holder([])
    with pytest.raises(RuleBroken) as broken:
        check_holder([Sentence("region", "Régions exigées et non servies : {regions}.", {"regions": "Corse"})])
    assert broken.value.code == "holder_not_eligible"
