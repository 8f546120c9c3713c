"""Placing an order: price, term, packs, holder's fitness, room on the total; a cart names each line it refuses."""
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.providers.rules import Standing
from marketplace.platform.errors import RuleBroken, Sentence
from marketplace.platform.i18n import sentence
from tenders.contracts.ordering.rules.fitness import Demanded, hindrances
from tenders.contracts.ordering.rules.placing import (
    Agreement,
    Ceiling,
    LineRefused,
    available,
    cart_refusal,
    check_agreement,
    check_packs,
    check_room,
    exhausted,
)
from tenders.contracts.ordering.rules.pricing import indexed, periods_left, price
from tests.rules.test_certificates_coverage import SCHEMES, hds, iso

TODAY = date(2027, 6, 7)
ENDS_ON = date(2029, 6, 6)
RUNNING = Agreement(True, False, date(2027, 1, 1), ENDS_ON)


def endpoints(quantity: int) -> Sentence:
    return Sentence("unit_endpoint", "poste" if quantity < 2 else "postes")


ONE = Decimal("49.20")


def refusal(call, *arguments, **named) -> RuleBroken:
    with pytest.raises(RuleBroken) as caught:
        call(*arguments, **named)
    return caught.value


def test_an_order_costs_the_frozen_price_over_the_periods_left_and_is_rounded_once():
    unit = indexed(Decimal("4.1000"), Decimal("1.0213"))
    assert unit == Decimal("4.1873")
    priced = price(37, unit, 24)
    assert priced.amount == Decimal("3718.32") and priced.amount_incl_vat == Decimal("4461.98")
    assert indexed(Decimal("4.1000")) == Decimal("4.1000")


@pytest.mark.parametrize(
    ("starts_on", "period", "periods"),
    [
        (date(2027, 6, 7), "month", 24), (date(2027, 6, 8), "month", 24), (date(2029, 6, 6), "month", 1),
        (date(2029, 5, 7), "month", 1), (date(2029, 5, 6), "month", 2), (date(2027, 6, 7), "year", 2),
        (date(2028, 6, 7), "year", 1), (date(2028, 6, 6), "year", 2), (date(2029, 6, 7), "month", 0),
        (date(2027, 6, 7), "once", 1),
    ],
)  # fmt: skip
def test_begun_periods_count_whole_up_to_the_last_day_of_the_contract(starts_on, period, periods):
    assert periods_left(starts_on, ENDS_ON, period, 24) == periods


def test_no_order_lasts_longer_than_the_lots_term():
    assert periods_left(TODAY, ENDS_ON, "month", 12) == 12


@pytest.mark.parametrize(
    ("agreement", "code"),
    [
        (Agreement(True, True, TODAY, ENDS_ON, suspension_reason="Reprise en cours"), "contract_suspended"),
        (Agreement(False, False, TODAY, ENDS_ON), "contract_not_active"),
        (Agreement(True, False, TODAY + timedelta(days=1), ENDS_ON), "order_outside_term"),
        (Agreement(True, False, date(2026, 1, 1), TODAY - timedelta(days=1)), "order_outside_term"),
        (Agreement(True, False, TODAY, ENDS_ON, is_entitled=False), "member_not_entitled"),
        (Agreement(True, False, TODAY, ENDS_ON, order_multiple=50), "order_not_whole_packs"),
        (Agreement(True, False, TODAY, ENDS_ON, unfit=(Sentence("x", "Certificat échu."),)), "holder_not_fit"),
    ],
)
def test_what_the_contract_does_not_allow_is_refused_by_name(agreement, code):
    assert refusal(check_agreement, agreement, TODAY, TODAY, 40).code == code


def test_a_suspension_without_a_reason_says_so():
    refused = refusal(check_agreement, Agreement(True, True, TODAY, ENDS_ON), TODAY, TODAY, 1)
    assert refused.details["reason"].code == "no_reason" and "non précisée" in sentence(refused)


def test_the_first_and_the_last_day_are_within_the_term_and_delivery_too():
    for day in (RUNNING.starts_on, RUNNING.ends_on):
        check_agreement(RUNNING, day, day, 1)
    assert refusal(check_agreement, RUNNING, TODAY, TODAY - timedelta(days=1), 1).code == "delivery_outside_term"
    assert refusal(check_agreement, RUNNING, TODAY, ENDS_ON + timedelta(days=1), 1).code == "delivery_outside_term"
    assert refusal(check_agreement, RUNNING, TODAY, TODAY, 0).code == "order_of_nothing"


def test_packs_are_named_on_both_sides():
    packed = Agreement(True, False, TODAY, ENDS_ON, order_multiple=50)
    refused = refusal(check_agreement, packed, TODAY, TODAY, 120)
    assert (refused.details["below"], refused.details["above"]) == (100, 150)
    check_agreement(packed, TODAY, TODAY, 150)


def test_below_one_pack_only_the_pack_is_proposed_and_never_nothing():
    refused = refusal(check_packs, 10, 3)
    assert refused.code == "order_not_whole_packs" and "below" not in refused.details
    assert sentence(refused) == "Ce lot se commande par 10 : commandez-en 10 au moins."


@given(multiple=st.integers(1, 500), asked=st.integers(1, 5000))
def test_whatever_packs_are_proposed_can_be_ordered(multiple, asked):
    try:
        check_packs(multiple, asked)
    except RuleBroken as refused:
        for proposed in [refused.details[name] for name in ("below", "above") if name in refused.details]:
            check_packs(multiple, proposed)


def test_a_holder_is_looked_at_on_the_day_of_the_order():
    asked, own = Demanded(("iso27001",), frozenset({3, 5})), Demanded(("iso27001",))
    verified, day = Standing(is_verified=True), date(2027, 5, 3)
    held = [iso(), hds(3), iso(holder="second"), hds(5, holder="second")]
    assert hindrances("prime", verified, held, asked, SCHEMES, day) == ()
    late = hindrances("prime", verified, [iso(valid_until=date(2027, 5, 2))], own, SCHEMES, day)
    assert [sentence(why) for why in late] == ["Le certificat ISO/IEC 27001 a expiré le 2 mai 2027."]
    borrowed = hindrances("prime", verified, [iso(holder="second")], own, SCHEMES, day)
    assert borrowed, "a certificate required as such is the holder's own"
    held_back = hindrances("prime", Standing(True, suspended_until=TODAY), [], Demanded(), SCHEMES, TODAY)
    assert [why.code for why in held_back] == ["holder_suspended"]
    assert hindrances("prime", Standing(True, suspended_until=TODAY), [], Demanded(), SCHEMES, TODAY + timedelta(days=1)) == ()


def test_the_reasons_of_an_unfit_holder_are_said():
    refused = refusal(check_agreement, Agreement(True, False, TODAY, ENDS_ON, unfit=(Sentence("x", "Échu."),)), TODAY, TODAY, 1)
    assert refused.details["reasons"].code == "holder_unfit" and "Échu." in sentence(refused)


def test_the_member_reads_what_is_left():
    refused = refusal(check_room, [Ceiling(1000, 988)], 40, 40 * ONE, ONE, endpoints)
    assert refused.code == "envelope_exhausted"
    assert (refused.details["available"], refused.details["asked"]) == (12, 40)
    assert sentence(refused) == "Commande impossible : il reste 12 postes ; vous en demandez 40."
    assert sentence(refusal(check_room, [Ceiling(1000, 999)], 40, 40 * ONE, ONE, endpoints)) == (
        "Commande impossible : il reste 1 poste ; vous en demandez 40."
    )
    check_room([Ceiling(1000, 988)], 12, 12 * ONE, ONE, endpoints)


def test_zero_means_nothing_at_all_and_none_means_no_maximum():
    assert refusal(check_room, [Ceiling(0, 0)], 1, ONE, ONE, endpoints).details["available"] == 0
    check_room([Ceiling(None, 10**9)], 10**6, ONE, ONE, endpoints)
    assert available([Ceiling(None, 5)], ONE) is None


def test_the_tighter_of_contract_and_lot_decides_in_units_and_in_euros():
    ceilings = [Ceiling(1000, 900), Ceiling(5000, 4950), Ceiling(None, 0, Decimal("100000"), Decimal("98500"))]
    assert available(ceilings, ONE) == 30
    assert refusal(check_room, ceilings, 31, 31 * ONE, ONE, endpoints).details["available"] == 30
    check_room(ceilings, 30, 30 * ONE, ONE, endpoints)
    assert available(ceilings, ONE, multiple=20) == 20


@given(
    maxima=st.lists(st.integers(0, 300), min_size=1, max_size=3),
    orders=st.lists(st.integers(1, 60), max_size=25),
    multiple=st.sampled_from([1, 5]),
)
def test_whatever_is_asked_the_total_never_passes_a_maximum(maxima, orders, multiple):
    used = 0
    for asked in (order * multiple for order in orders):
        ceilings = [Ceiling(maximum, used) for maximum in maxima]
        try:
            check_room(ceilings, asked, asked * ONE, ONE, endpoints, multiple)
        except RuleBroken as refused:
            left = refused.details["available"]
            assert left < asked and left % multiple == 0
            assert used + left <= min(maxima)
            continue
        used += asked
    assert used <= min(maxima)


def line(number: int, refused: RuleBroken) -> LineRefused:
    return LineRefused(str(number), f"Lot {number}", refused)


def test_a_cart_of_one_line_is_refused_for_that_lines_reason():
    refused = cart_refusal([line(1, exhausted(12, 40, endpoints(2)))])
    assert refused.code == "envelope_exhausted" and refused.details["available"] == 12
    assert refused.details["refusals"] == [{"line": "1", "code": "envelope_exhausted", "available": 12, "asked": 40}]


def test_a_cart_refused_twice_for_one_reason_keeps_its_code_and_names_both_lines():
    refused = cart_refusal([line(1, exhausted(12, 40, endpoints(2))), line(2, exhausted(0, 5, endpoints(2)))])
    assert refused.code == "envelope_exhausted"
    assert [each["available"] for each in refused.details["refusals"]] == [12, 0]
    assert "« Lot 2 » : Commande impossible : il reste 0 postes" in sentence(refused)
    assert refused.details["lines"].code == "cart_lines_refused"


def test_a_cart_refused_for_several_reasons_says_so():
    outside = refusal(check_agreement, RUNNING, ENDS_ON + timedelta(days=1), TODAY, 1)
    refused = cart_refusal([line(1, exhausted(0, 4, endpoints(2))), line(2, outside)])
    assert refused.code == "cart_refused"
    assert [each["code"] for each in refused.details["refusals"]] == ["envelope_exhausted", "order_outside_term"]
    assert {said.code for said in refused.details["lines"].values.values()} == {"cart_line_refused"}
    with pytest.raises(ValueError, match="for a reason"):
        cart_refusal([])
