"""Closings: what is decided, in which order, and what each member is told."""
import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from tenders.demand.rules.closing import ClosingTerms, Decision, PooledNeed, decide_closing
from tenders.demand.words import every_unit_word, unit_of

NOON = datetime(2027, 6, 12, 10, tzinfo=UTC)
LATER = NOON + timedelta(days=15)
CONTRACTUAL: dict[str, Any] = {"minimum_kind": "contractual", "minimum_quantity": 5000, "extended_until": LATER}


def need(number: int, quantity: int, **facts: Any) -> PooledNeed:
    conditional = "minimum_pool_quantity" in facts or "maximum_unit_price" in facts
    firmness = facts.pop("firmness", "conditional" if conditional else "firm")
    placed_at = facts.pop("placed_at", NOON + timedelta(minutes=number))
    return PooledNeed(UUID(int=number), quantity, firmness, placed_at, **facts)


def terms(**facts: Any) -> ClosingTerms:
    return ClosingTerms(unit="endpoint", **facts)


def sentence_of(decision: Decision, number: int) -> str:
    for member in decision.included:
        if member.establishment_id == UUID(int=number):
            return " ".join(_french(sentence) for sentence in member.sentences)
    (said,) = [m.sentence for m in decision.excluded if m.establishment_id == UUID(int=number)]
    return _french(said)


def _french(sentence: Any) -> str:
    values = {name: _french(value) if hasattr(value, "template") else value for name, value in sentence.values.items()}
    return str(sentence.template.format(**values))


def codes(decision: Decision) -> dict[int, str]:
    found = {member.establishment_id.int: member.code for member in decision.included}
    return found | {member.establishment_id.int: member.sentence.code for member in decision.excluded}


def test_a_lot_that_reaches_its_minimum_is_met_and_orders_everything() -> None:
    decision = decide_closing(terms(**CONTRACTUAL), [need(1, 3000), need(2, 2000)])
    assert (decision.outcome, decision.ordered_quantity, decision.policy_applied) == ("met", 5000, None)
    assert codes(decision) == {1: "included", 2: "included"}


def test_one_unit_short_is_not_met_and_orders_nothing() -> None:
    decision = decide_closing(terms(kind="support", policy=("release",), **CONTRACTUAL), [need(1, 4870)])
    assert (decision.outcome, decision.tested_quantity, decision.ordered_quantity) == ("not_met", 4870, 0)
    assert decision.policy_applied == "release"
    assert sentence_of(decision, 1) == (
        "Minimum non atteint : 4870 postes sur 5000. Le marché support n'est pas lancé ; vous n'êtes plus engagé et "
        "rien ne vous sera facturé."
    )


def test_a_member_whose_condition_holds_is_told_the_sum() -> None:
    decision = decide_closing(terms(**CONTRACTUAL), [need(1, 4620), need(2, 500, minimum_pool_quantity=4500)])
    assert sentence_of(decision, 2) == "Retenu : vous demandiez au moins 4500 postes réunis ; il y en a 5120."


def test_a_member_left_out_is_told_the_sums_it_saw() -> None:
    pool = [need(1, 4000), need(2, 190, minimum_pool_quantity=6000), need(3, 870, minimum_pool_quantity=5000)]
    decision = decide_closing(terms(), pool)
    assert sentence_of(decision, 3) == (
        "Non retenu : vous demandiez au moins 5000 postes réunis ; il y en avait 5060, puis 4870 après le départ d'un "
        "établissement dont la condition n'était pas remplie."
    )
    assert sentence_of(decision, 2) == "Non retenu : vous demandiez au moins 6000 postes réunis ; il y en avait 5060."
    assert decision.ordered_quantity == 4000


def test_several_departures_are_counted_in_the_sentence() -> None:
    pool = [need(1, 100), *(need(n, 10, minimum_pool_quantity=900) for n in (2, 3)), need(4, 50, minimum_pool_quantity=160)]
    assert "puis 150 après le départ de 2 établissements" in sentence_of(decide_closing(terms(), pool), 4)


def test_a_need_subject_to_price_stays_until_the_award() -> None:
    decision = decide_closing(terms(), [need(1, 10, maximum_unit_price=Decimal("4.1000"))])
    assert codes(decision) == {1: "subject_to_price"}
    assert sentence_of(decision, 1) == "Retenu sous réserve du prix : 4,10 € HT au plus, à vérifier à l'attribution."


def test_both_conditions_are_said() -> None:
    both = need(1, 10, maximum_unit_price=Decimal("4.1"), minimum_pool_quantity=5)
    decision = decide_closing(terms(), [both])
    assert codes(decision) == {1: "subject_to_price"}
    assert sentence_of(decision, 1) == (
        "Retenu : vous demandiez au moins 5 postes réunis ; il y en a 10. "
        "Sous réserve du prix : 4,10 € HT au plus, à vérifier à l'attribution."
    )


def test_tolerance_completes_a_pack_and_says_so() -> None:
    decision = decide_closing(terms(order_multiple=100), [need(1, 60, tolerance=20), need(2, 30, tolerance=0)])
    assert {m.establishment_id.int: m.quantity for m in decision.included} == {1: 70, 2: 30}
    assert "10 postes pris sur votre marge en plus, soit 70 au total" in sentence_of(decision, 1)


def test_a_remainder_below_a_pack_is_cut_and_says_so() -> None:
    decision = decide_closing(terms(order_multiple=100), [need(1, 110), need(2, 30)])
    assert decision.ordered_quantity == 100
    assert "postes au lieu de 110" in sentence_of(decision, 1)


def test_a_need_that_fills_no_pack_is_left_out() -> None:
    decision = decide_closing(terms(order_multiple=100), [need(1, 30)])
    assert (decision.outcome, codes(decision)) == ("met", {1: "nothing_left_after_packs"})


def test_a_completed_pack_above_the_maximum_becomes_the_lower_pack() -> None:
    decision = decide_closing(terms(order_multiple=100, maximum_quantity=150), [need(1, 140, tolerance=90)])
    assert decision.ordered_quantity == 100


def test_the_minimum_is_tested_on_what_is_ordered_not_on_what_was_asked() -> None:
    facts = {**CONTRACTUAL, "minimum_quantity": 150, "policy": ("release",), "order_multiple": 100}
    assert decide_closing(terms(**facts), [need(1, 199)]).outcome == "not_met"
    assert decide_closing(terms(**facts), [need(1, 199, tolerance=1)]).outcome == "met"


def test_an_indicative_minimum_warns_and_blocks_nothing() -> None:
    decision = decide_closing(terms(minimum_kind="indicative", minimum_quantity=100), [need(1, 40)])
    assert (decision.outcome, decision.ordered_quantity) == ("met", 40)
    assert [warning.code for warning in decision.warnings] == ["indicative_minimum_missed"]


def test_without_minimum_an_empty_pool_is_met_and_orders_nothing() -> None:
    assert (decide_closing(terms(), []).outcome, decide_closing(terms(), []).ordered_quantity) == ("met", 0)


def test_an_empty_pool_misses_a_contractual_minimum() -> None:
    assert decide_closing(terms(policy=("cancel",), **CONTRACTUAL), []).policy_applied == "cancel"
    per_grappe = terms(policy=("cancel",), minimum_scope="grappe", **CONTRACTUAL)
    assert decide_closing(per_grappe, []).outcome == "not_met"


def test_what_counts_towards_nothing_is_left_out_with_its_reason() -> None:
    pool = [
        need(1, 10, firmness="indicative", status="not_counted"), need(2, 10, status="awaiting_signature"),
        need(3, 10, status="waitlisted"), need(4, 10, firmness="conditional", status="to_confirm"),
        need(5, 10, status="released"),
    ]  # fmt: skip
    decision = decide_closing(terms(), pool)
    assert codes(decision) == {1: "indicative", 2: "not_signed", 3: "waitlisted", 4: "not_confirmed"}
    assert decision.ordered_quantity == 0


def test_extension_runs_once_keeps_the_firm_and_asks_the_others_again() -> None:
    pool = [need(1, 100), need(2, 50, minimum_pool_quantity=10), need(3, 5, firmness="indicative", status="not_counted")]
    first = decide_closing(terms(policy=("extend", "release"), **CONTRACTUAL), pool)
    assert first.policy_applied == "extend"
    assert codes(first) == {1: "extended_firm_kept", 2: "extended_to_confirm", 3: "extended_to_confirm"}
    assert all(member.stays for member in first.excluded)
    second = decide_closing(terms(policy=("extend", "release"), steps_used=("extend",), **CONTRACTUAL), pool)
    assert second.policy_applied == "release"
    assert [skipped.why.code for skipped in second.policy.skipped] == ["already_extended"]  # type: ignore[union-attr]


def test_merging_is_recorded_as_not_available_and_the_next_step_runs() -> None:
    decision = decide_closing(terms(policy=("merge", "cancel"), **CONTRACTUAL), [need(1, 10)])
    assert decision.policy_applied == "cancel"
    assert decision.policy is not None
    assert [(s.step, s.why.code) for s in decision.policy.skipped] == [("merge", "no_merge_target")]


def test_an_exhausted_policy_releases_the_members() -> None:
    assert decide_closing(terms(policy=(), **CONTRACTUAL), [need(1, 10)]).policy_applied == "release"


def test_each_grappe_reaches_the_minimum_or_is_released_alone() -> None:
    one, two = UUID(int=901), UUID(int=902)
    lot = terms(minimum_kind="contractual", minimum_quantity=100, minimum_scope="grappe", policy=("cancel", "release"))
    decision = decide_closing(
        lot, [need(1, 80, grappe_id=one), need(2, 40, grappe_id=one), need(3, 90, grappe_id=two), need(4, 20)]
    )
    assert [(g.grappe_id, g.outcome, g.ordered_quantity) for g in decision.groups] == [
        (one, "met", 120), (two, "not_met", 0), (None, "not_met", 0),
    ]  # fmt: skip
    assert (decision.outcome, decision.ordered_quantity, decision.policy_applied) == ("not_met", 120, "release")
    assert codes(decision) == {1: "included", 2: "included", 3: "minimum_not_reached", 4: "minimum_not_reached"}


def test_conditions_are_weighed_within_the_minimums_scope() -> None:
    one, two = UUID(int=901), UUID(int=902)
    pool = [need(1, 90, grappe_id=one, minimum_pool_quantity=100), need(2, 50, grappe_id=two)]
    assert codes(decide_closing(terms(), pool))[1] == "condition_met"
    assert codes(decide_closing(terms(minimum_scope="grappe"), pool))[1] == "condition_not_met"


def test_packs_of_several_grappes_together_stay_below_the_maximum() -> None:
    one, two = UUID(int=901), UUID(int=902)
    lot = terms(minimum_scope="grappe", order_multiple=100, maximum_quantity=250)
    pool = [need(1, 80, grappe_id=one, tolerance=50), need(2, 160, grappe_id=two, tolerance=50)]
    assert decide_closing(lot, pool).ordered_quantity == 200


def test_every_word_of_a_unit_is_marked_for_translation() -> None:
    assert {unit_of(code, n).template for code in ("endpoint", "user", "tb", "vm") for n in (1, 2)} <= every_unit_word()


members = st.builds(
    lambda number, quantity, tolerance, threshold, minute: need(
        number, quantity, tolerance=tolerance, placed_at=NOON + timedelta(minutes=minute),
        **({"minimum_pool_quantity": threshold} if threshold else {}),
    ),
    st.integers(1, 10_000), st.integers(1, 60), st.integers(0, 30), st.one_of(st.none(), st.integers(1, 300)),
    st.integers(0, 3),
)  # fmt: skip
pools = st.lists(members, max_size=12, unique_by=lambda member: member.establishment_id)
lots = st.builds(
    lambda multiple, minimum, room: (multiple, minimum, room),
    st.integers(1, 12), st.integers(1, 300), st.one_of(st.none(), st.integers(0, 50)),
)  # fmt: skip


def _terms(lot: tuple[int, int, int | None], pool: list[PooledNeed]) -> ClosingTerms:
    multiple, minimum, room = lot
    maximum = None if room is None else sum(member.quantity for member in pool) + room
    return terms(
        order_multiple=multiple, minimum_kind="contractual", minimum_quantity=minimum, maximum_quantity=maximum,
        policy=("release",),
    )  # fmt: skip


@given(pool=pools, lot=lots, order=st.randoms(use_true_random=False))
def test_the_order_of_needs_never_changes_a_closing(
    pool: list[PooledNeed], lot: tuple[int, int, int | None], order: random.Random
) -> None:
    shuffled = list(pool)
    order.shuffle(shuffled)
    assert decide_closing(_terms(lot, pool), shuffled) == decide_closing(_terms(lot, pool), pool)


@given(pool=pools, lot=lots)
def test_a_closing_orders_whole_packs_within_its_bounds_and_decides_for_everybody(
    pool: list[PooledNeed], lot: tuple[int, int, int | None]
) -> None:
    told = _terms(lot, pool)
    decision = decide_closing(told, pool)
    assert (decision.outcome == "met") == (decision.tested_quantity >= lot[1])
    assert decision.tested_quantity % lot[0] == 0
    assert told.maximum_quantity is None or decision.tested_quantity <= told.maximum_quantity
    assert decision.ordered_quantity == sum(member.quantity for member in decision.included)
    assert decision.ordered_quantity in (0, decision.tested_quantity)
    assert sum(group.ordered_quantity for group in decision.groups) == decision.ordered_quantity
    everybody = [member.establishment_id for member in (*decision.included, *decision.excluded)]
    assert sorted(everybody) == sorted(member.establishment_id for member in pool)


@given(pool=pools.filter(bool), lot=lots, more=st.integers(1, 50), data=st.data())
def test_more_tolerance_never_orders_less_at_closing(
    pool: list[PooledNeed], lot: tuple[int, int, int | None], more: int, data: st.DataObject
) -> None:
    place = data.draw(st.integers(0, len(pool) - 1))
    facts = {name: getattr(pool[place], name) for name in pool[place].__dataclass_fields__}
    wider = [*pool[:place], PooledNeed(**{**facts, "tolerance": facts["tolerance"] + more}), *pool[place + 1 :]]
    told = _terms(lot, pool)
    assert decide_closing(told, wider).tested_quantity >= decide_closing(told, pool).tested_quantity
