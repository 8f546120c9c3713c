"""What a study freezes: marks, who can be served by whom, why nobody can, and a penalty that never becomes an amount."""
from dataclasses import replace
from decimal import Decimal
from uuid import uuid4

import pytest

from catalog.offers.rules import PriceGrid, brackets_from
from marketplace.platform.errors import BadInput
from tenders.composition.instance import Instance
from tenders.composition.reading import parse_instance
from tenders.composition.solve import Settings, compose
from tenders.composition.studies.rules.findings import Findings, PricedNeed, find
from tenders.composition.studies.rules.parameters import Parameters, check_parameters
from tenders.composition.studies.rules.sensitivity import dearer, without_needs, without_offers
from tenders.composition.studies.rules.snapshot import (
    Counting,
    LiveNeed,
    LiveOffer,
    can_serve,
    marks_of,
    requirements_of,
    take_snapshot,
)

A_MILLIONTH = Decimal("0.000001")  # what the bound gives away to floating point
COUNTINGS = {"edr": Counting("endpoint", "month", 36)}
NAMES = {"region:84": "Auvergne-Rhône-Alpes", "iso27001": "ISO/IEC 27001"}


def need(quantity: int = 100, **facts: object) -> LiveNeed:
    base = LiveNeed(
        uuid4(), uuid4(), uuid4(), None, "edr", "endpoint", "month", "84", quantity, Decimal("6.00"), frozenset()
    )
    return replace(base, **facts)  # type: ignore[arg-type]


def offer(*steps: tuple[int, str], minimum: int = 1, mobilisation: str = "0", **facts: object) -> LiveOffer:
    prices = [(start, Decimal(price)) for start, price in steps or ((1, "5.00"), (500, "4.00"))]
    grid = PriceGrid("all_units", brackets_from(prices), Decimal(mobilisation))
    base = LiveOffer(
        uuid4(), uuid4(), "edr", "endpoint", "month", grid, minimum, None, frozenset({"84", "11"}), frozenset()
    )
    return replace(base, **facts)  # type: ignore[arg-type]


def composed(needs: list[LiveNeed], offers: list[LiveOffer]) -> tuple[Instance, Findings]:
    frozen = take_snapshot(needs, offers, COUNTINGS, NAMES)
    instance = parse_instance(frozen.document)
    priced = [PricedNeed(one.alone_unit_price is not None, 36) for one in frozen.needs]
    return instance, find(compose(instance, Settings(time_limit=5)), priced)


def test_requirements_become_marks_and_marks_become_requirements_again():
    asked = {"certificates": ["iso27001"], "hds_activities": [1, 5], "regions": ["84"], "delivery_modes": ["remote"]}
    assert marks_of(asked) == {"iso27001", "hds:1", "hds:5", "region:84", "mode:remote"}
    assert requirements_of(marks_of(asked)) == asked
    assert marks_of({}) == frozenset()


@pytest.mark.parametrize(
    ("the_need", "offers", "code"),
    [
        (need(), [], "no_offer"),
        (need(region="53"), [offer()], "region_not_served"),
        (need(region=None), [offer()], "region_not_served"),
        (need(requires=frozenset({"iso27001"})), [offer()], "requirements_not_met"),
        (need(unit="site"), [offer()], "counted_otherwise"),
    ],
)
def test_a_need_that_nobody_can_serve_says_why(the_need, offers, code):
    frozen = take_snapshot([the_need], offers, COUNTINGS, NAMES)
    assert [one.why.code for one in frozen.left_out] == [code] and frozen.needs == ()


def test_what_lacks_is_named_for_the_nearest_offer():
    asks = need(requires=frozenset({"iso27001", "hds:5"}))
    near, far = offer(meets=frozenset({"iso27001"})), offer()
    (left,) = take_snapshot([asks], [far, near], COUNTINGS, NAMES).left_out
    said = {mark.code for mark in left.why.values["lacking"].values.values()}
    assert said == {"hds"} and left.why.values["lacking"].code == "marks"
    assert not can_serve(asks, near)


def test_offers_that_cannot_be_compared_are_set_aside_with_a_reason():
    incremental = replace(offer(), grid=replace(offer().grid, pricing="incremental"))
    by_site, tiny = offer(unit="site"), offer(minimum=100, capacity=10)
    frozen = take_snapshot([need()], [incremental, by_site, tiny, offer()], COUNTINGS, NAMES)
    assert [one.why.code for one in frozen.set_aside] == ["incremental_grid", "counted_otherwise", "no_capacity"]
    assert len(frozen.document["offers"]) == 1


def test_brackets_are_cut_to_the_minimum_and_the_capacity():
    frozen = take_snapshot([need(700)], [offer(minimum=200, capacity=600)], COUNTINGS, NAMES)
    (row,) = frozen.document["offers"]
    assert [(one["from"], one["to"]) for one in row["brackets"]] == [(200, 499), (500, 600)]
    assert [one["unit_price"] for one in row["brackets"]] == ["180.0000", "144.0000"]


def test_together_they_reach_the_bracket_and_each_saves_against_its_own_price():
    _, found = composed([need(300), need(250, alone_unit_price=Decimal("5.50"))], [offer()])
    (purchase,) = found.purchases
    assert (purchase.quantity, purchase.bracket_from, purchase.unit_price) == (550, 500, Decimal("4.0000"))
    assert purchase.amount == 550 * 4 * 36 == sum(place.amount for place in found.places)
    assert found.saving == (300 * 2 + 250 * Decimal("1.50")) * 36
    assert found.gap <= A_MILLIONTH and found.bound <= found.cost


def test_a_need_without_a_stated_price_is_served_and_saves_nothing():
    _, found = composed([need(300), need(250, alone_unit_price=None)], [offer(mobilisation="9000")])
    unpriced = found.places[1]
    assert unpriced.purchase == 1 and unpriced.alone_amount is None and unpriced.saving is None
    (purchase,) = found.purchases
    assert purchase.alone_amount == 300 * 6 * 36
    assert found.cost == purchase.amount  # no penalty in any figure
    assert found.gap <= A_MILLIONTH


def test_a_need_without_a_price_that_stays_outside_costs_nothing_and_the_gap_stays_proven():
    """Its minimum is out of reach: only the priced need can be bought, alone."""
    unreachable = offer((1, "5.00"), minimum=10_000)
    _, found = composed([need(300, alone_unit_price=None)], [unreachable])
    assert found.cost == 0 and found.purchases == () and found.gap == 0
    assert found.places[0].outside.code == "minimum_out_of_reach"


@pytest.mark.parametrize(
    ("the_offer", "code"),
    [
        (offer((1, "7.00")), "cheaper_alone"),
        (offer((1, "5.00"), minimum=10_000), "minimum_out_of_reach"),
        (offer((1, "5.99"), mobilisation="100000"), "not_worth_it"),
        (offer((1, "5.00"), capacity=50), "no_room_left"),
    ],
)
def test_whoever_stays_outside_is_told_why(the_offer, code):
    _, found = composed([need(100)], [the_offer])
    assert found.purchases == () and found.places[0].outside.code == code
    assert found.cost == 100 * 6 * 36


def test_cents_add_up_and_nobody_pays_a_cent_more_than_alone():
    odd = [need(7, alone_unit_price=Decimal("5.0001")), need(11), need(13, alone_unit_price=Decimal("4.9999"))]
    _, found = composed(odd, [offer((1, "4.9999"), (20, "4.3333"), mobilisation="33.33")])
    assert sum(place.amount for place in found.places if place.amount) == sum(one.amount for one in found.purchases)
    for place in found.places:
        assert place.amount is None or place.amount <= place.alone_amount


def test_shocks_change_the_instance_and_nothing_else():
    instance, _ = composed([need(300), need(250)], [offer(), offer((1, "5.50"))])
    up = dearer(instance, 5)
    assert up.offers[0].brackets[0].unit_price == instance.offers[0].brackets[0].unit_price * 105 // 100
    lost = without_offers(instance, {0})
    assert lost.providers[instance.offers[0].provider].regions == frozenset()
    assert lost.providers[instance.offers[1].provider].regions != frozenset()
    assert len(without_needs(instance, {1}).needs) == 1 and len(instance.needs) == 2


@pytest.mark.parametrize(
    ("wishes", "field"),
    [
        ({"categories": ()}, "categories"),
        ({"least_members": 0}, "least_members"),
        ({"least_members": 5, "most_members": 3}, "most_members"),
        ({"time_limit": 4}, "time_limit"),
        ({"time_limit": 901}, "time_limit"),
        ({"term_months": 0}, "term_months"),
        ({"term_months": 49}, "term_months"),
    ],
)
def test_wishes_that_cannot_be_followed_are_named(wishes, field):
    with pytest.raises(BadInput) as refused:
        check_parameters(Parameters(**{"categories": ("edr",), **wishes}))
    assert list(refused.value.errors) == [field]
