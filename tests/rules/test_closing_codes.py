"""Every code that a closing may give is stable: a client reads it, not the sentence."""
from datetime import UTC, datetime
from uuid import UUID

from tenders.demand.rules.closing import ClosingTerms, PooledNeed, decide_closing
from tenders.demand.rules.policy import choose_step

NOON = datetime(2027, 6, 12, 10, tzinfo=UTC)


def need(number, quantity, **facts):
    return PooledNeed(UUID(int=number), quantity, facts.pop("firmness", "firm"), NOON, **facts)


def codes_of(decision, number):
    included = [one for one in decision.included if one.establishment_id == UUID(int=number)]
    if included:
        return [sentence.code for sentence in included[0].sentences]
    return [one.sentence.code for one in decision.excluded if one.establishment_id == UUID(int=number)]


def test_a_member_whose_margin_completes_a_pack_is_told_so():
    decision = decide_closing(
        ClosingTerms(unit="endpoint", order_multiple=100), [need(1, 60, tolerance=20), need(2, 30)]
    )
    assert codes_of(decision, 1) == ["included", "completed_from_tolerance"]


def test_a_member_who_loses_what_fills_no_pack_is_told_so():
    decision = decide_closing(ClosingTerms(unit="endpoint", order_multiple=100), [need(1, 110), need(2, 30)])
    assert codes_of(decision, 1) == ["included", "cut_to_pack"]


def test_who_waits_still_waits_when_the_round_is_extended():
    terms = ClosingTerms(
        unit="endpoint", minimum_kind="contractual", minimum_quantity=100, policy=("extend",), extended_until=NOON
    )
    pool = [need(1, 10), need(2, 10, status="awaiting_signature"), need(3, 10, status="waitlisted")]
    decision = decide_closing(terms, pool)
    assert codes_of(decision, 2) == codes_of(decision, 3) == ["extended_waiting"]


def test_a_lot_is_not_cancelled_for_the_grappes_that_reached_their_minimum():
    choice = choose_step(("cancel", "release"), some_group_reached=True)
    assert choice.step == "release"
    assert [skipped.why.code for skipped in choice.skipped] == ["some_grappes_reached"]
