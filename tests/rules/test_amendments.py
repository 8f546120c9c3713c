"""Amendments: the chain of before and after, what each kind may change and when, worth and thresholds of the law."""
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.offers.rules import Bracket, PriceGrid
from marketplace.platform.errors import BadInput, RuleBroken, Sentence
from tenders.contracts.amendments.rules import effects
from tenders.contracts.amendments.rules.changes import changes_of, check_current, initial_terms, project
from tenders.contracts.amendments.rules.thresholds import Limit, Worth, value_between, weigh, worth_of
from tenders.contracts.amendments.rules.wanted import Draft, NewFormula, check_written, wanted_of
from tenders.contracts.amendments.words import BASES, KINDS
from tenders.contracts.indexation.rules import Formula
from tenders.contracts.rules.conclusion import Fee, check_days
from tenders.contracts.rules.frozen_prices import freeze_grid
from tenders.contracts.rules.term import Term

TODAY = date(2027, 3, 1)
GRID = PriceGrid("all_units", (Bracket(1, None, Decimal(5)),), Decimal(0), {})
TERM = Term(date(2027, 1, 1), date(2029, 12, 31), 36, "month")
TERMS = {
    "grid": freeze_grid(GRID), "maximum_quantity": 2000, "maximum_amount": None, "minimum_quantity": 900,
    "ends_on": "2029-12-31", "duration_reason": None, "formula": None, "fee": {"kind": "none", "payer": None, "value": None},
}  # fmt: skip
LIMITS = {
    "low_value_percent": Limit(Decimal(10), "R2194-8"), "low_value_percent_works": Limit(Decimal(15), "R2194-8"),
    "european_amount": Limit(Decimal(216000), "R2194-8"), "european_amount_works": Limit(Decimal(5404000), "R2194-8"),
    "each_percent": Limit(Decimal(50), "R2194-3"),
}  # fmt: skip
STANDING = effects.Standing("active", date(2029, 12, 31), 500, Decimal("90000.00"), Sentence("unit", "postes"))
AMOUNTS = st.decimals(Decimal(-100000), Decimal(100000), places=2)
WANTED = st.fixed_dictionaries(
    {},
    optional={
        "maximum_quantity": st.integers(900, 5000), "maximum_amount": st.sampled_from([None, "1000.00", "2000.00"]),
        "minimum_quantity": st.one_of(st.none(), st.integers(1, 900)), "ends_on": st.dates().map(date.isoformat),
    },
)  # fmt: skip


def refusal(call, *args, **named):
    with pytest.raises(RuleBroken) as why:
        call(*args, **named)
    return why.value.code


@given(st.lists(WANTED, max_size=8))
def test_versions_form_a_chain_that_reads_both_ways(wishes):
    terms, signed = dict(TERMS), []
    for wish in wishes:
        try:
            changes = changes_of(terms, wish)
        except RuleBroken as nothing:
            assert nothing.code == "amendment_changes_nothing"
            continue
        check_current(terms, changes)
        assert all(change["before"] == terms[field] != change["after"] for field, change in changes.items())
        terms = project(terms, [changes])
        signed.append(changes)
    assert project(TERMS, signed) == terms
    assert initial_terms(terms, signed) == TERMS


def test_a_draft_on_terms_that_changed_since_is_refused():
    changes = changes_of(TERMS, {"maximum_quantity": 2500})
    moved = project(TERMS, [changes_of(TERMS, {"maximum_quantity": 2100})])
    assert refusal(check_current, moved, changes) == "amendment_outdated"
    check_current(project(TERMS, [changes_of(TERMS, {"ends_on": "2028-12-31"})]), changes)
    assert project(TERMS, [{"text": {"before": None, "after": "…"}, "added": {"before": [], "after": ["x"]}}]) == TERMS


@given(st.permutations(["low_value", "unforeseen", "low_value", "review_clause", "low_value"]), st.data())
def test_what_came_before_is_added_up_in_any_order_and_only_on_its_basis(bases, data):
    before = [(basis, data.draw(AMOUNTS)) for basis in bases]
    shuffled = data.draw(st.permutations(before))
    change, initial = data.draw(AMOUNTS), Worth(Decimal(500000), "maximum_amount")
    one, other = (weigh("low_value", change, each, initial, Decimal(1), LIMITS) for each in (before, shuffled))
    assert one == other
    assert one.cumulated == change + sum((value for basis, value in before if basis == "low_value"), Decimal(0))
    alone = weigh("unforeseen", change, before, initial, Decimal(1), LIMITS)
    assert alone.cumulated == change


@given(AMOUNTS, st.sampled_from(BASES))
def test_under_the_civil_code_nothing_is_compared_and_a_review_clause_has_no_cap(change, basis):
    initial = Worth(Decimal(1000), "maximum_amount")
    assert weigh(basis, change, [], initial, Decimal(1), {}).warnings == ()
    for free in ("review_clause", "not_substantial"):
        assert weigh(free, change, [], initial, Decimal(1), LIMITS).warnings == ()


@given(AMOUNTS, st.decimals(Decimal(1), Decimal(3), places=4))
def test_an_index_that_rises_never_adds_a_warning(change, factor):
    initial = Worth(Decimal(200000), "maximum_amount")
    plain = weigh("low_value", change, [], initial, Decimal(1), LIMITS)
    risen = weigh("low_value", change, [], initial, factor, LIMITS)
    assert risen.reference >= plain.reference and len(risen.warnings) <= len(plain.warnings)


def said(basis, change, before=(), amount="100000", factor="1", **named):
    weighed = weigh(basis, Decimal(change), before, Worth(Decimal(amount), "maximum_amount"), Decimal(factor), LIMITS, **named)
    return [(each.code, each.values.get("share"), each.values["limit"], each.values["article"]) for each in weighed.warnings]


def test_a_low_value_change_stays_below_a_tenth_added_up_fifteen_for_works():
    assert said("low_value", "9999.99") == []
    assert said("low_value", "10000") == [("amendments_above_share", Decimal("10.0"), 10, "R2194-8")]
    added_up = said("low_value", "5200", [("low_value", Decimal(6000))])
    assert added_up == [("amendments_above_share", Decimal("11.2"), 10, "R2194-8")]
    assert said("low_value", "-6000", [("low_value", Decimal(15000))]) == []
    assert said("low_value", "12000", is_works=True) == []
    assert said("low_value", "10000", factor="1.05") == []
    european = said("low_value", "216000", amount="99000000")
    assert european == [("amendments_above_european_threshold", None, 216000, "R2194-8")]


def test_further_services_and_the_unforeseen_reach_half_each_time():
    assert said("unforeseen", "50000", [("unforeseen", Decimal(40000))]) == []
    assert said("further_services", "50000.01") == [("amendment_above_half", Decimal("50.1"), 50, "R2194-3")]


def test_a_contract_worth_nothing_cannot_be_compared():
    nothing = weigh("low_value", Decimal(1), [], Worth(Decimal(0), "maximum_quantity"), Decimal(1), LIMITS)
    assert [each.code for each in nothing.warnings] == ["initial_value_is_nothing"] and nothing.share is None


def test_a_contract_is_worth_its_maximum_in_euros_else_in_units_else_what_was_pooled():
    assert worth_of({**TERMS, "maximum_amount": "250000.00"}, 1000, TERM) == Worth(Decimal("250000.00"), "maximum_amount")
    assert worth_of(TERMS, 1000, TERM) == Worth(Decimal("360000.00"), "maximum_quantity")
    assert worth_of({**TERMS, "maximum_quantity": None}, 1000, TERM) == Worth(Decimal("180000.00"), "pooled_quantity")
    assert value_between(TERMS, {**TERMS, "maximum_quantity": 2100}, 1000, TERM) == Decimal("18000.00")


def test_an_extension_is_worth_its_months_at_the_price_concluded_and_a_shorter_term_takes_them_off():
    assert value_between(TERMS, {**TERMS, "ends_on": "2030-12-31"}, 1000, TERM) == Decimal("120000.00")
    assert value_between(TERMS, {**TERMS, "ends_on": "2028-12-31"}, 1000, TERM) == Decimal("-120000.00")
    once = freeze_grid(replace(GRID, mobilisation_amount=Decimal(36000)))  # a euro a month for each of 1 000 units
    longer = {**TERMS, "grid": once, "ends_on": "2030-12-31"}
    assert value_between({**TERMS, "grid": once}, longer, 1000, TERM) == Decimal("144000.00")


@pytest.mark.parametrize(
    ("months", "ends_on", "charged", "periods"),
    [
        (36, date(2029, 12, 31), 36, 36), (36, date(2030, 3, 1), 39, 39), (36, date(2027, 12, 31), 36, 12),
        (12, date(2029, 12, 31), 12, 12), (12, date(2030, 12, 31), 24, 24), (48, date(2028, 12, 31), 48, 24),
    ],
)  # fmt: skip
def test_no_more_months_are_charged_than_the_lots_term_and_what_amendments_added(months, ends_on, charged, periods):
    term = replace(TERM, months=months)
    assert (term.months_until(ends_on), term.periods_until(ends_on)) == (charged, periods)


def test_versions_take_effect_one_after_the_other_while_the_contract_runs():
    assert refusal(effects.check_amendable, replace(STANDING, status="ended")) == "contract_not_amendable"
    effects.check_amendable(STANDING)
    assert refusal(effects.check_effect, STANDING, date(2027, 2, 28), TODAY) == "amendment_in_the_past"
    assert refusal(effects.check_effect, STANDING, date(2030, 1, 1), TODAY) == "amendment_after_the_end"
    later = replace(STANDING, last_effect=date(2027, 6, 1))
    assert refusal(effects.check_effect, later, date(2027, 5, 31), TODAY) == "amendment_before_previous"
    effects.check_effect(later, date(2027, 6, 1), TODAY)


def test_a_maximum_never_falls_below_what_is_ordered_nor_for_a_day_to_come():
    def lowered(on=TODAY, **terms):
        return refusal(effects.check_maximum, STANDING, TERMS, {**TERMS, **terms}, on, TODAY)

    assert lowered(maximum_quantity=499) == "amendment_below_ordered"
    assert lowered(maximum_amount="89999.99") == "amendment_below_ordered"
    assert lowered(maximum_quantity=800) == "minimum_above_maximum"
    assert lowered(date(2027, 3, 2), maximum_quantity=1500) == "amendment_effective_at_signature"
    assert lowered(date(2027, 3, 2), maximum_amount="95000.00") == "amendment_effective_at_signature"
    effects.check_maximum(STANDING, TERMS, {**TERMS, "maximum_quantity": 1500}, TODAY, TODAY)
    effects.check_maximum(STANDING, TERMS, {**TERMS, "maximum_quantity": 3000}, date(2027, 4, 1), TODAY)


def test_a_member_leaves_with_nothing_left_of_its_commitment():
    def leaving(ordered, certified, on=TODAY):
        return refusal(effects.check_leaving, "Clinique", 10, ordered, certified, on, TODAY)

    assert leaving(9, 9) == "member_still_committed"
    assert leaving(12, 9) == "member_orders_under_way"
    assert leaving(10, 10, date(2027, 4, 1)) == "amendment_effective_at_signature"
    effects.check_leaving("Clinique", 10, 12, 10, TODAY, TODAY)


def test_terms_formulas_and_drafts_keep_their_order():
    assert refusal(effects.check_new_term, date(2027, 2, 1), TODAY) == "term_before_effect"
    assert refusal(effects.check_formula_effect, TODAY, date(2027, 4, 1)) == "revision_already_decided"
    effects.check_formula_effect(TODAY, None)
    assert refusal(effects.check_open, is_signed=True, is_withdrawn=False) == "amendment_not_a_draft"
    assert refusal(effects.check_open, is_signed=False, is_withdrawn=True) == "amendment_not_a_draft"
    days = (date(2027, 1, 1), date(2031, 12, 31)), (date(2026, 1, 1), date(2032, 1, 1))
    assert refusal(check_days, *days, 48, None) == "contract_duration_needs_reason"
    check_days(*days, 48, "Migration longue")
    assert refusal(check_days, days[0], (date(2026, 1, 1), date(2030, 1, 1)), 48, "x") == "contract_outside_vehicle"


def test_each_regime_has_its_own_legal_bases():
    effects.check_basis("public_code", "low_value")
    effects.check_basis("voluntary", "unforeseen")
    effects.check_basis("private", "mutual_agreement")
    for regime, basis in (("private", "low_value"), ("public_code", "hardship")):
        with pytest.raises(BadInput):
            effects.check_basis(regime, basis)


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_asks_for_what_it_needs(kind):
    with pytest.raises(BadInput):
        wanted_of(Draft(kind, "raison", "mutual_agreement"))
    with pytest.raises(BadInput):
        check_written(Draft(kind, "  ", "mutual_agreement"))


def test_what_is_asked_for_reads_as_terms():
    formula = NewFormula("SYNTEC", date(2027, 1, 15), Formula(Decimal(130), Decimal("0.15"), Decimal("0.85"), 12))
    drafts = {
        "prices": {"grid": GRID}, "maximum": {"maximum_quantity": 0}, "minimum": {"minimum_quantity": 0},
        "term": {"ends_on": date(2028, 1, 1), "duration_reason": " "}, "fee": {"fee": Fee("entry", "member", Decimal(100))},
        "indexation": {"formula": formula}, "other": {"text": " Article 4 "},
    }  # fmt: skip
    read = {kind: wanted_of(Draft(kind, "raison", "mutual_agreement", **given)) for kind, given in drafts.items()}
    assert read["prices"] == {"grid": TERMS["grid"]} and read["maximum"] == {"maximum_quantity": 0}
    assert read["minimum"] == {"minimum_quantity": None} and read["term"] == {"ends_on": "2028-01-01"}
    assert read["fee"] == {"fee": {"kind": "entry", "payer": "member", "value": "100.0000"}}
    assert read["indexation"]["formula"]["base_month"] == "2027-01-01" and read["other"] == {"text": "Article 4"}
    with pytest.raises(BadInput):
        wanted_of(Draft("fee", "raison", "mutual_agreement", fee=Fee("entry")))
    with pytest.raises(BadInput):
        wanted_of(Draft("maximum", "raison", "mutual_agreement", maximum_amount=Decimal(-1)))
