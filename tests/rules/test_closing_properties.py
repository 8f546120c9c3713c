"""What conditions and tolerances may never do, whatever the pool: the properties a member can rely on."""
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from marketplace.platform.money import incl_vat
from tenders.demand.rules.closing import ClosingTerms, Decision, PooledNeed, decide_closing
from tenders.demand.rules.conditions import largest_consistent_set
from tenders.demand.rules.exposure import amount_over_term, exposure
from tenders.vehicles.rules import Bound, LotTerms, freeze_bounds

NOON = datetime(2027, 6, 12, 10, tzinfo=UTC)
PRICE = Decimal("4.10")
members = st.builds(
    lambda number, quantity, tolerance, threshold, minute: PooledNeed(
        UUID(int=number), quantity, "firm" if threshold is None else "conditional", NOON + timedelta(minutes=minute),
        tolerance=tolerance, minimum_pool_quantity=threshold,
    ),
    st.integers(1, 10_000), st.integers(1, 60), st.integers(0, 30), st.none() | st.integers(1, 300), st.integers(0, 3),
)  # fmt: skip
pools = st.lists(members, max_size=12, unique_by=lambda member: member.establishment_id)
multiples = st.integers(1, 12)
minima = st.none() | st.integers(1, 300)


def terms(multiple: int, minimum: int | None = None, **more: Any) -> ClosingTerms:
    kind = "none" if minimum is None else "contractual"
    return ClosingTerms(
        unit="endpoint", order_multiple=multiple, minimum_kind=kind, minimum_quantity=minimum, policy=("release",), **more
    )


def kept(decision: Decision) -> set[UUID]:
    return {member.establishment_id for member in decision.included}


@given(pool=pools, multiple=multiples)
def test_no_box_is_filled_by_tolerance_alone(pool: list[PooledNeed], multiple: int) -> None:
    decision = decide_closing(terms(multiple), pool)
    stays = largest_consistent_set((m.establishment_id, m.quantity, m.minimum_pool_quantity) for m in pool)
    begun = -(-stays.total // multiple) * multiple
    assert decision.tested_quantity <= begun
    only_tolerance = [replace(member, quantity=1, tolerance=30) for member in pool[:1]]
    assert decide_closing(terms(40), only_tolerance).tested_quantity == 0


@given(pool=pools, multiple=multiples, wider=st.integers(1, 50), data=st.data())
def test_a_wider_tolerance_never_turns_anybody_away(
    pool: list[PooledNeed], multiple: int, wider: int, data: st.DataObject
) -> None:
    if not pool:
        return
    place = data.draw(st.integers(0, len(pool) - 1))
    more = [replace(m, tolerance=m.tolerance + wider) if n == place else m for n, m in enumerate(pool)]
    before, after = decide_closing(terms(multiple), pool), decide_closing(terms(multiple), more)
    assert after.ordered_quantity >= before.ordered_quantity
    assert conditions_dropped(before) == conditions_dropped(after)


def conditions_dropped(decision: Decision) -> set[UUID]:
    return {each.establishment_id for each in decision.excluded if each.sentence.code == "condition_not_met"}


@given(pool=pools, newcomer=st.integers(1, 60))
def test_one_more_firm_need_never_breaks_a_condition_that_held(pool: list[PooledNeed], newcomer: int) -> None:
    joined = [*pool, PooledNeed(UUID(int=99_999), newcomer, "firm", NOON)]
    assert kept(decide_closing(terms(1), pool)) <= kept(decide_closing(terms(1), joined))


@given(pool=pools)
def test_every_condition_that_is_kept_holds_and_every_one_that_is_dropped_does_not(pool: list[PooledNeed]) -> None:
    decision = decide_closing(terms(1), pool)
    staying = kept(decision)
    total = sum(member.quantity for member in pool if member.establishment_id in staying)
    for member in pool:
        if member.establishment_id in staying:
            assert (member.minimum_pool_quantity or 0) <= total
        else:
            assert member.minimum_pool_quantity is not None and member.minimum_pool_quantity > total


@given(pool=pools, minimum=minima, multiple=multiples)
def test_every_member_is_told_why_with_figures_and_without_a_name(
    pool: list[PooledNeed], minimum: int | None, multiple: int
) -> None:
    decision = decide_closing(terms(multiple, minimum), pool)
    said = [sentence for member in decision.included for sentence in member.sentences]
    said += [member.sentence for member in decision.excluded]
    identities = {str(member.establishment_id) for member in pool}
    for sentence in said:
        assert sentence.values, sentence.code
        assert not identities & {str(value) for value in sentence.values.values()}
    assert len(decision.included) + len(decision.excluded) == len(pool)


@given(pool=pools, minimum=st.integers(1, 300))
def test_a_need_in_another_grappe_is_never_in_a_members_sentence(pool: list[PooledNeed], minimum: int) -> None:
    """With the minimum per grappe, what a member is told does not move with what other grappes do."""
    mine, theirs = UUID(int=900_001), UUID(int=900_002)
    ours = [replace(member, grappe_id=mine) for member in pool]
    others = [
        replace(member, grappe_id=theirs, establishment_id=UUID(int=member.establishment_id.int + 50_000)) for member in pool
    ]
    alone = decide_closing(terms(1, minimum, minimum_scope="grappe"), ours)
    beside = decide_closing(terms(1, minimum, minimum_scope="grappe"), [*ours, *others])
    told = {each.establishment_id: each.sentences for each in beside.included}
    told |= {each.establishment_id: (each.sentence,) for each in beside.excluded}
    for each in alone.included:
        assert told[each.establishment_id] == each.sentences
    for left in alone.excluded:
        assert told[left.establishment_id] == (left.sentence,)


@given(
    quantity=st.integers(1, 10_000), tolerance=st.integers(0, 500), months=st.integers(1, 48),
    period=st.sampled_from(["once", "month", "year"]),
)  # fmt: skip
def test_gross_and_net_are_never_mixed(quantity: int, tolerance: int, months: int, period: str) -> None:
    """Each amount including VAT is that very amount excluding VAT with VAT added once, the asked and the at-most alike."""
    told = exposure(quantity, PRICE, period, months, tolerance)
    assert told.excl_vat == amount_over_term(quantity, PRICE, period, months)
    assert told.excl_vat is not None and told.at_most_excl_vat is not None
    assert told.incl_vat == incl_vat(told.excl_vat) > told.excl_vat
    assert told.at_most_incl_vat == incl_vat(told.at_most_excl_vat)
    assert told.at_most_excl_vat >= told.excl_vat


@given(quantity=st.integers(1, 10_000), months=st.integers(1, 48))
def test_a_minimum_in_euros_is_reached_by_the_net_amount_alone(quantity: int, months: int) -> None:
    """Bounds in euros are excluding VAT: the frozen quantity costs the bound net, never gross (domain §4b.2)."""
    value = amount_over_term(quantity, PRICE, "month", months)
    lot = LotTerms(
        code="1", category_code="edr", kind="support", unit="endpoint", price_period="month", term_months=months,
        needs_close_at=NOON, reference_unit_price=PRICE, minimum_kind="contractual", minimum=Bound("amount", value),
    )  # fmt: skip
    frozen = freeze_bounds(lot).minimum_quantity
    assert frozen == quantity
