"""The true-up at term: what lacks is shared by who missed its share, to the cent, whatever the order of the members."""
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.platform.errors import RuleBroken, Sentence
from tenders.contracts.settlement.rules import (
    SHARING_RULES,
    Member,
    Statement,
    check_can_settle,
    say_share,
    settle,
    share_shortfall,
)

PRICE = Decimal("147.6000")
PRICES = [Decimal(0), Decimal("33.3367"), PRICE, Decimal("0.0049")]


@st.composite
def contracts(draw):
    """Members in grappes or on their own, a sharing rule by grappe, a minimum below or above what is committed."""
    groups = draw(st.lists(st.sampled_from(["grappe a", "grappe b", "grappe c"]), unique=True, max_size=3))
    members = [
        Member(f"m{number:02}", committed, consumed, draw(st.sampled_from([None, *groups])), draw(st.sampled_from(PRICES)))
        for number, (committed, consumed) in enumerate(
            draw(st.lists(st.tuples(st.integers(0, 500), st.integers(0, 600)), min_size=1, max_size=12))
        )
    ]
    rules = {group: draw(st.sampled_from(SHARING_RULES)) for group in groups}
    return draw(st.integers(0, 4000)), members, rules


def owed_by(statement: Statement) -> dict[str, int]:
    """Units owed by member."""
    return {share.member.id: share.owed for share in statement.shares}


@settings(deadline=None)
@given(contracts())
def test_units_and_cents_add_up(contract):
    statement = settle(*contract)
    assert sum(owed_by(statement).values()) == statement.lacking - statement.unattributed
    assert sum(share.amount for share in statement.shares) == statement.amount
    assert statement.unattributed >= 0


@settings(deadline=None)
@given(contracts())
def test_nobody_who_met_its_share_pays(contract):
    for share in settle(*contract).shares:
        assert 0 <= share.owed <= share.member.shortfall
        if share.member.consumed >= share.member.committed:
            assert (share.owed, share.amount) == (0, 0)


@settings(deadline=None)
@given(contracts(), st.randoms(use_true_random=False))
def test_the_order_of_members_changes_nothing(contract, shuffle):
    minimum, members, rules = contract
    mixed = list(members)
    shuffle.shuffle(mixed)
    assert settle(minimum, mixed, rules) == settle(minimum, members, rules)


@settings(deadline=None)
@given(contracts())
def test_a_minimum_that_was_committed_is_wholly_attributed(contract):
    minimum, members, rules = contract
    statement = settle(min(minimum, sum(member.committed for member in members)), members, rules)
    assert statement.unattributed == 0


@settings(deadline=None)
@given(contracts())
def test_a_minimum_reached_costs_nothing(contract):
    _minimum, members, rules = contract
    reached = settle(sum(member.consumed for member in members), members, rules)
    assert (reached.lacking, reached.amount) == (0, 0)


@settings(deadline=None)
@given(contracts(), st.integers(1, 100))
def test_consuming_more_never_costs_the_member_more(contract, more):
    minimum, members, _rules = contract
    alone = [Member(member.id, member.committed, member.consumed) for member in members]
    first, others = alone[0], alone[1:]
    before = owed_by(settle(minimum, alone, {}))[first.id]
    after = settle(minimum, [Member(first.id, first.committed, first.consumed + more), *others], {})
    assert owed_by(after)[first.id] <= before


def test_a_surplus_relieves_who_missed_pro_rata():
    members = [Member(name, 100, used, unit_amount=PRICE) for name, used in (("a", 40), ("b", 80), ("c", 130))]
    statement = settle(300, members, {})
    assert owed_by(statement) == {"a": 38, "b": 12, "c": 0}
    assert [share.relieved for share in statement.shares] == [22, 8, 0]
    assert (statement.lacking, statement.surplus, statement.amount) == (50, 30, Decimal("7380.00"))


def test_members_of_a_grappe_help_each_other_first():
    members = [Member("a", 100, 60, "g"), Member("b", 100, 140, "g"), Member("c", 100, 90)]
    assert owed_by(settle(300, members, {"g": "pro_rata"})) == {"a": 0, "b": 0, "c": 10}


def test_own_only_looks_at_the_part_of_the_minimum():
    members = [Member("a", 100, 50), Member("b", 100, 0)]
    assert share_shortfall(100, members, "own_only") == [0, 50]
    assert share_shortfall(100, members, "pro_rata") == [17, 33]


def test_what_nobody_committed_is_nobodys():
    statement = settle(100, [Member("a", 30, 10)], {})
    assert (statement.lacking, statement.unattributed, owed_by(statement)) == (90, 70, {"a": 20})


def test_cents_go_to_the_largest_remainder():
    members = [Member(name, 1, 0, unit_amount=Decimal("33.3367")) for name in "abc"]
    assert [share.amount for share in settle(3, members, {}).shares] == [
        Decimal("33.34"), Decimal("33.34"), Decimal("33.33"),
    ]  # fmt: skip


def test_negative_figures_are_a_mistake():
    with pytest.raises(ValueError, match="not negative"):
        settle(10, [Member("a", -1, 0)], {})


@pytest.mark.parametrize(("facts", "code"), [
    ({"over": False, "open_orders": 0}, "contract_not_over"), ({"over": True, "open_orders": 2}, "orders_still_open"),
])  # fmt: skip
def test_a_true_up_waits_for_the_end_of_the_contract_and_of_its_orders(facts, code):
    with pytest.raises(RuleBroken) as refused:
        check_can_settle(**facts)
    assert refused.value.code == code


@pytest.mark.parametrize(("figures", "code"), [
    ((100, 40, 60), "share_owed"), ((100, 40, 0), "share_relieved"), ((100, 120, 0), "share_surplus"),
    ((100, 100, 0), "share_met"),
])  # fmt: skip
def test_each_result_has_its_sentence(figures, code):
    words = {"unit": Sentence("unit_endpoint", "postes"), "amount": Sentence("whole_amount", "10 €")}
    assert say_share(*figures, **words).code == code
