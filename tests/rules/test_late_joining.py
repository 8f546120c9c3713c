"""Joining a closed lot: where it is refused and why, what is left of the term, whole packs within the room."""
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.platform.errors import DomainError
from tenders.demand.joining.rules import Setting, check_joinable, check_quantity, last_day, months_left, quote

START = date(2027, 1, 1)
SETTING = Setting(
    "EDR", "endpoint", "month", 36, 1, START, date(2030, 12, 31), is_met=True, allows_late_joining=True, regime="private",
    room=500, fee=Decimal("150.00"),
)  # fmt: skip


def refusal(setting: Setting, today: date = START) -> DomainError:
    with pytest.raises(DomainError) as refused:
        check_joinable(setting, today)
    return refused.value


def test_a_lot_is_joined_late_only_where_its_vehicle_says_so_and_while_it_runs() -> None:
    check_joinable(SETTING, START)
    assert refusal(replace(SETTING, is_met=False)).code == "late_joining_not_met"
    public = refusal(replace(SETTING, allows_late_joining=False, regime="public_code"))
    assert (public.code, "code de la commande publique" in str(public)) == ("buyers_listed_before_publication", True)
    private = refusal(replace(SETTING, allows_late_joining=False))
    assert (private.code, "code de la commande publique" in str(private)) == ("buyers_listed_before_publication", False)
    assert refusal(SETTING, date(2030, 1, 1)).code == "late_joining_over"


@pytest.mark.parametrize(
    ("today", "months"),
    [(date(2026, 6, 1), 36), (START, 36), (date(2027, 1, 2), 36), (date(2027, 2, 1), 35), (date(2029, 12, 31), 1),
     (date(2030, 1, 1), 0)],
)  # fmt: skip
def test_months_left_count_a_month_begun_whole(today: date, months: int) -> None:
    assert months_left(SETTING, today) == months


def test_the_vehicle_may_end_before_the_term() -> None:
    short = replace(SETTING, ends_on=date(2027, 12, 31))
    assert (last_day(short), months_left(short, date(2027, 7, 1))) == (date(2027, 12, 31), 6)


def test_whole_packs_within_the_room() -> None:
    check_quantity(replace(SETTING, order_multiple=50), 500)
    check_quantity(replace(SETTING, room=None), 10**6)
    with pytest.raises(DomainError) as packs:
        check_quantity(replace(SETTING, order_multiple=50), 120)
    assert packs.value.code == "not_whole_packs"
    with pytest.raises(DomainError) as full:
        check_quantity(SETTING, 501)
    assert (full.value.code, full.value.details["available"]) == ("late_joining_no_room", 500)


def test_a_quote_covers_what_is_left_and_the_fee_once() -> None:
    told = quote(SETTING, 100, Decimal("4.10"), date(2029, 7, 1))
    assert (told.months, told.room_after, told.fee_incl_vat) == (6, 400, Decimal("180.00"))
    assert (told.exposure.excl_vat, told.exposure.months) == (Decimal("2460.00"), 6)
    assert quote(replace(SETTING, fee=None), 100, None, START).fee_excl_vat is None


@given(days=st.integers(-400, 1200), term=st.integers(1, 120), lasting=st.integers(1, 2000))
def test_time_only_takes_months_away_and_never_gives_more_than_the_term(days: int, term: int, lasting: int) -> None:
    setting = replace(SETTING, term_months=term, ends_on=START + timedelta(days=lasting))
    today = START + timedelta(days=days)
    left = months_left(setting, today)
    assert 0 <= months_left(setting, today + timedelta(days=1)) <= left <= term
    assert (left == 0) == (max(today, START) > last_day(setting))
