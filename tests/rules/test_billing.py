"""VAT adds up, debits are announced, and a listing is hidden by what is unpaid and nothing else."""
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.billing import rules
from marketplace.billing.rules import Known, PlanTerm
from marketplace.platform.errors import RuleBroken

NOON = datetime(2027, 3, 10, 12, tzinfo=UTC)
DAY = timedelta(days=1)
amounts = st.decimals(Decimal("0.01"), Decimal(10_000), places=2)
rates = st.sampled_from([Decimal("0.20"), Decimal("0.055"), Decimal(0)])


@given(st.lists(st.tuples(amounts, rates), min_size=1, max_size=20))
def test_an_invoice_adds_up_to_the_cent_in_any_order(lines):
    found = rules.totals(lines)
    assert found == rules.totals(reversed(lines))
    assert found.incl_vat == found.excl_vat + found.vat
    assert found.excl_vat == sum(amount for amount, _rate in lines)
    exact = sum(amount * rate for amount, rate in lines)
    assert abs(found.vat - exact) <= Decimal("0.005") * len(found.vat_by_rate)


def test_vat_is_rounded_once_per_rate():
    assert rules.totals([(Decimal("0.12"), Decimal("0.20"))] * 3).vat == Decimal("0.07")


@pytest.mark.parametrize(
    ("gathering", "due_on", "wanted"),
    [
        ("at_once", date(2027, 1, 15), date(2027, 1, 15)),
        ("monthly", date(2027, 1, 1), date(2027, 2, 1)),
        ("monthly", date(2027, 1, 31), date(2027, 2, 1)),
        ("monthly", date(2027, 12, 5), date(2028, 1, 1)),
    ],
)
def test_charges_are_gathered_at_once_or_on_the_first_of_the_next_month(gathering, due_on, wanted):
    assert rules.gathered_from(gathering, due_on) == wanted


@given(st.dates(date(2026, 1, 1), date(2030, 1, 1)), st.dates(date(2026, 1, 1), date(2030, 1, 1)))
def test_a_debit_leaves_fourteen_days_and_never_comes_before_its_due_day(due_on, announced_on):
    debit = rules.charge_day("sepa_debit", due_on, announced_on)
    assert debit >= due_on and debit - announced_on >= timedelta(days=14)
    assert rules.charge_day("card", due_on, announced_on) == max(due_on, announced_on)


@pytest.mark.parametrize(
    ("terms", "free_until", "shown"),
    [
        ([], None, True),
        ([], date(2027, 3, 10), True),
        ([], date(2027, 3, 9), False),
        ([PlanTerm(NOON - DAY)], date(2027, 1, 1), True),
        ([PlanTerm(NOON + DAY)], date(2027, 1, 1), False),
        ([PlanTerm(NOON - DAY, hidden_from=NOON + DAY)], None, True),
        ([PlanTerm(NOON - DAY, hidden_from=NOON)], None, False),
        ([PlanTerm(NOON - DAY, hidden_from=NOON - DAY, ended_at=NOON)], None, False),
        ([PlanTerm(NOON - 2 * DAY, ended_at=NOON - DAY)], None, True),
        ([PlanTerm(NOON - 2 * DAY, ended_at=NOON - DAY)], date(2027, 1, 1), False),
        ([PlanTerm(NOON - 9 * DAY, hidden_from=NOON - DAY, ended_at=NOON - DAY), PlanTerm(NOON - DAY)], None, False),
    ],
)
def test_a_listing_is_shown_by_its_dates(terms, free_until, shown):
    assert rules.listing_visible(terms, free_until, NOON, date(2027, 3, 10)) is shown


def test_the_grace_period_runs_from_the_first_unpaid_day():
    first = rules.unpaid_after(Known(NOON - DAY), "past_due", NOON)
    assert first == NOON
    assert rules.unpaid_after(Known(NOON, first), "past_due", NOON + 5 * DAY) == NOON
    assert rules.unpaid_after(Known(NOON, first), "canceled", NOON + 5 * DAY) == NOON
    assert rules.unpaid_after(Known(NOON, first), "active", NOON + 5 * DAY) is None
    assert rules.unpaid_after(None, "incomplete_expired", NOON) is None
    assert rules.hidden_from(first, 14) == NOON + 14 * DAY


@given(st.permutations(list(range(5))))
def test_events_in_any_order_leave_what_the_youngest_says(order):
    statuses = ["active", "past_due", "past_due", "active", "past_due"]
    known = None
    for place in order:
        as_of = NOON + place * DAY
        if rules.is_news(known, as_of):
            known = Known(as_of, rules.unpaid_after(known, statuses[place], as_of))
    assert known.as_of == NOON + 4 * DAY and known.unpaid_since is not None


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (lambda: rules.check_refund(False, None, Decimal(1), Decimal(1)), "refund_needs_payment"),
        (lambda: rules.check_refund(True, "outside", Decimal(1), Decimal(1)), "refund_needs_payment"),
        (lambda: rules.check_refund(True, "stripe", Decimal(2), Decimal(1)), "refund_too_large"),
        (lambda: rules.check_refund(True, "stripe", Decimal(0), Decimal(1)), "refund_too_large"),
        (lambda: rules.check_settled_outside(True, False), "fee_already_paid"),
        (lambda: rules.check_settled_outside(False, True), "fee_payment_under_way"),
        (lambda: rules.check_plan_choice(is_paid=False, retired=False, current=None, wanted="a"), "plan_not_offered"),
        (lambda: rules.check_plan_choice(is_paid=True, retired=True, current=None, wanted="a"), "plan_not_offered"),
        (lambda: rules.check_plan_choice(is_paid=True, retired=False, current="a", wanted="a"), "plan_is_current"),
    ],
)
def test_what_is_refused_says_why(call, code):
    with pytest.raises(RuleBroken) as refused:
        call()
    assert refused.value.code == code


def test_what_is_allowed_is_silent():
    assert rules.check_refund(True, "stripe", Decimal(1), Decimal(1)) is None
    assert rules.check_settled_outside(False, False) is None
    assert rules.check_plan_choice(is_paid=True, retired=False, current="a", wanted="b") is None


def test_a_difference_names_what_differs():
    assert rules.difference({"status": "paid", "amount": 1}, {"status": "open", "amount": 1}) == {"status": ("paid", "open")}
