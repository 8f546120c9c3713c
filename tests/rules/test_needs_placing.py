"""What a need becomes when it is placed, and when it is refused."""
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.platform.errors import BadInput, DomainError
from tenders.demand.rules.exposure import exposure
from tenders.demand.rules.placing import (
    Belonging,
    Ground,
    Placed,
    Wish,
    check_claim,
    check_place,
    check_taken,
    check_wish,
    exposure_of,
    fit,
    place,
)
from tenders.demand.rules.pool import Contribution, Waiting, contribution, promotions
from tenders.demand.words import FIRMNESS, STATUSES

NOW = datetime(2027, 6, 1, 10, tzinfo=UTC)
SIGNER = UUID(int=1)
GRAPPE = UUID(int=2)
GROUND = Ground(
    lot_id=UUID(int=3), label="EDR", unit="endpoint", price_period="month", term_months=36,
    reference_unit_price=Decimal("4.10"), takes_firm_needs=True, allows_individual_needs=True, status="open",
    needs_close_at=NOW + timedelta(days=11),
)  # fmt: skip
MEMBER = Belonging("active", True, "member")


def placed(wish: Wish, before: Placed | None = None, signs: bool = True, ground: Ground = GROUND) -> Placed:
    return place(ground, wish, before, signs=signs, signer=SIGNER, now=NOW)


def refused(call: Any, *args: Any) -> str:
    with pytest.raises(DomainError) as refusal:
        call(*args)
    return refusal.value.code


def test_a_signature_shows_what_it_binds_to() -> None:
    shown = exposure(300, Decimal("4.10"), "month", 36)
    assert (shown.excl_vat, shown.incl_vat, shown.months) == (Decimal("44280.00"), Decimal("53136.00"), 36)


def test_years_begun_are_paid_whole() -> None:
    assert exposure(1, Decimal(100), "year", 13).excl_vat == Decimal("200.00")


def test_the_most_it_can_cost_includes_the_tolerance() -> None:
    shown = exposure(300, Decimal("4.10"), "once", 36, tolerance=10)
    assert (shown.excl_vat, shown.at_most_excl_vat) == (Decimal("1230.00"), Decimal("1271.00"))


def test_a_firm_need_sent_by_a_signatory_is_signed_up_to_the_reference_price() -> None:
    need = placed(Wish(300, "firm", tolerance=10))
    assert need.status == "counted"
    assert need.signature is not None
    assert (need.signature.price_ceiling, need.signature.signed_by) == (Decimal("4.10"), SIGNER)
    assert need.signature.exposure_excl_vat == Decimal("45756.00")


def test_a_firm_need_proposed_by_somebody_else_awaits_its_signature_and_counts_towards_nothing() -> None:
    need = placed(Wish(300, "firm"), signs=False)
    assert (need.status, need.signature) == ("awaiting_signature", None)
    assert need.contribution == Contribution(awaiting_signature=300)


def test_sending_the_signed_need_again_keeps_its_signature() -> None:
    signed = placed(Wish(300, "firm"))
    assert placed(Wish(300, "firm"), signed, signs=False) == signed


def test_a_changed_firm_need_is_signed_again() -> None:
    signed = placed(Wish(300, "firm"))
    assert placed(Wish(301, "firm"), signed, signs=False).status == "awaiting_signature"
    assert placed(Wish(300, "firm", price_ceiling=Decimal(5)), signed, signs=False).status == "awaiting_signature"


def test_a_firm_need_without_any_price_cannot_be_signed() -> None:
    silent = replace(GROUND, reference_unit_price=None)
    assert refused(placed, Wish(3, "firm"), None, True, silent) == "reference_price_required_to_sign"
    assert placed(Wish(3, "firm", price_ceiling=Decimal(2)), ground=silent).status == "counted"


def test_an_indicative_need_is_known_and_nothing_more() -> None:
    need = placed(Wish(300, "indicative"))
    assert (need.status, need.contribution.counted, need.contribution.indicative) == ("not_counted", 0, 300)


def test_a_conditional_need_counts_with_its_condition() -> None:
    assert placed(Wish(300, "conditional", minimum_pool_quantity=1000), signs=False).contribution.conditional == 300


@pytest.mark.parametrize(
    "wish",
    [Wish(1, "conditional"), Wish(1, "firm", minimum_pool_quantity=5), Wish(1, "indicative", maximum_unit_price=Decimal(1)),
     Wish(10**10, "indicative")],
)  # fmt: skip
def test_a_condition_belongs_to_conditional_needs_and_only_to_them(wish: Wish) -> None:
    with pytest.raises(BadInput):
        check_wish(wish)


@pytest.mark.parametrize(
    ("ground", "code"),
    [
        (replace(GROUND, status="closed"), "needs_closed"),
        (replace(GROUND, needs_close_at=NOW), "needs_closed"),
        (replace(GROUND, establishment_closed_on=date(2027, 1, 1)), "establishment_closed"),
    ],
)
def test_needs_are_taken_until_they_close(ground: Ground, code: str) -> None:
    assert refused(check_taken, ground, NOW, NOW.date()) == code


@pytest.mark.parametrize(
    ("ground", "wish", "belonging", "code"),
    [
        (replace(GROUND, takes_firm_needs=False), Wish(1, "firm"), MEMBER, "firm_needs_not_taken"),
        (replace(GROUND, allows_individual_needs=False), Wish(1, "firm"), MEMBER, "grappe_required"),
        (GROUND, Wish(1, "firm", GRAPPE), Belonging(None, False, None), "not_a_member"),
        (GROUND, Wish(1, "firm", GRAPPE), Belonging("active", True, "invited"), "not_a_member"),
        (GROUND, Wish(1, "firm", GRAPPE), Belonging("active", True, "leaving", date(2027, 6, 5)), "not_a_member"),
        (GROUND, Wish(1, "firm", GRAPPE), Belonging("forming", True, "member"), "grappe_not_active"),
        (GROUND, Wish(1, "firm", GRAPPE), Belonging("active", False, "member"), "category_not_pooled"),
    ],
)
def test_a_need_goes_through_its_grappe_or_alone_where_allowed(
    ground: Ground, wish: Wish, belonging: Belonging, code: str
) -> None:
    assert refused(check_place, ground, wish, belonging) == code


def test_a_member_that_leaves_after_the_closing_may_still_pool() -> None:
    check_place(GROUND, Wish(1, "firm", GRAPPE), Belonging("active", True, "leaving", date(2027, 12, 1)))


def test_a_category_pooled_in_another_lot_is_refused_here() -> None:
    assert refused(check_claim, UUID(int=9), "SOC", GROUND) == "already_pooled_elsewhere"
    check_claim(GROUND.lot_id, "EDR", GROUND)


def test_a_need_that_does_not_fit_is_refused_with_what_is_left() -> None:
    need = placed(Wish(300, "firm"))
    with pytest.raises(DomainError) as refusal:
        fit(GROUND, need, None, counted=7880, maximum=8000, accept_waitlist=False)
    assert refusal.value.code == "lot_maximum_reached"
    assert refusal.value.details["available"] == 120


def test_a_need_that_does_not_fit_goes_whole_to_the_waiting_list_when_accepted() -> None:
    waiting = fit(GROUND, placed(Wish(300, "firm")), None, counted=7880, maximum=8000, accept_waitlist=True)
    assert (waiting.status, waiting.contribution) == ("waitlisted", Contribution(waitlisted=300))


def test_what_one_has_already_is_available_to_oneself() -> None:
    before = placed(Wish(200, "firm"))
    after = placed(Wish(300, "firm"))
    assert fit(GROUND, after, before, counted=7900, maximum=8000, accept_waitlist=False) == after


def test_a_smaller_need_keeps_its_rank_and_a_larger_one_goes_to_the_end() -> None:
    waiting = replace(placed(Wish(300, "firm")), status="waitlisted", waitlist_number=4)
    smaller = fit(GROUND, placed(Wish(250, "firm")), waiting, counted=8000, maximum=8000, accept_waitlist=True)
    larger = fit(GROUND, placed(Wish(350, "firm")), waiting, counted=8000, maximum=8000, accept_waitlist=True)
    assert (smaller.waitlist_number, larger.waitlist_number) == (4, None)


def test_a_maximum_of_zero_takes_nothing_and_none_takes_everything() -> None:
    need = placed(Wish(1, "firm"))
    assert fit(GROUND, need, None, counted=10**9, maximum=None, accept_waitlist=False) == need
    with pytest.raises(DomainError):
        fit(GROUND, need, None, counted=0, maximum=0, accept_waitlist=False)


def test_the_exposure_of_a_condition_on_price_is_at_that_price() -> None:
    shown = exposure_of(GROUND, Wish(10, "conditional", maximum_unit_price=Decimal("3.00")))
    assert shown.excl_vat == Decimal("1080.00")


def test_freed_volume_goes_by_rank_and_skips_what_does_not_fit() -> None:
    waiting = [Waiting(UUID(int=1), 50), Waiting(UUID(int=2), 100), Waiting(UUID(int=3), 30)]
    assert promotions(80, waiting) == [UUID(int=1), UUID(int=3)]
    assert promotions(None, waiting) == [UUID(int=1), UUID(int=2), UUID(int=3)]
    assert promotions(0, waiting) == []


@given(status=st.sampled_from(STATUSES), firmness=st.sampled_from(FIRMNESS), quantity=st.integers(1, 9))
def test_only_counted_needs_weigh_on_minimum_and_maximum(status: str, firmness: str, quantity: int) -> None:
    adds = contribution(status, firmness, quantity, 3) if not (status == "counted" and firmness == "indicative") else None
    if adds is not None:
        assert (adds.counted == quantity) == (status == "counted")
        assert (adds.tolerance == 3) == (status == "counted")
