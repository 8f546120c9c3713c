"""Exchanges with providers: who may do what when, days that are proposed and agreed, searches for a partner."""
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.contacts.rules import (
    ACTS,
    SIDES,
    Exchange,
    answered,
    check_askable,
    check_search,
    check_waiting,
    opened,
    possible_acts,
)
from marketplace.platform.errors import RuleBroken

TODAY = date(2026, 11, 25)
DAYS = [TODAY + timedelta(days=n) for n in (9, 2, 2)]


def code_of(act: Any) -> str:
    with pytest.raises(RuleBroken) as refused:
        act()
    return refused.value.code


def test_a_request_proposes_days_and_waits_for_the_provider() -> None:
    asked = opened(DAYS, TODAY)
    assert (asked.status, asked.waits_for, asked.proposed_on) == ("asked", "provider", (DAYS[1], DAYS[0]))
    assert possible_acts(asked, "provider") == ("write", "propose", "accept", "decline", "close")
    assert possible_acts(asked, "asker") == ("write", "propose", "close")


@pytest.mark.parametrize(
    ("days", "code"),
    [
        ([], "contact_without_day"),
        ([TODAY - timedelta(days=1)], "contact_day_past"),
        ([TODAY + timedelta(days=n) for n in range(6)], "contact_days_too_many"),
    ],
)
def test_days_to_come_are_proposed_five_at_most(days: list[date], code: str) -> None:
    assert code_of(lambda: opened(days, TODAY)) == code


def test_a_day_is_agreed_when_the_other_side_accepts_one_of_those_proposed() -> None:
    asked = opened(DAYS, TODAY)
    agreed = answered(asked, "provider", "accept", TODAY, accepted_on=DAYS[0])
    assert (agreed.status, agreed.agreed_on, agreed.waits_for) == ("agreed", DAYS[0], None)
    elsewhere = TODAY + timedelta(days=3)
    assert code_of(lambda: answered(asked, "provider", "accept", TODAY, accepted_on=elsewhere)) == "contact_day_not_proposed"
    assert code_of(lambda: answered(asked, "provider", "accept", TODAY)) == "contact_day_not_proposed"
    late = DAYS[0] + timedelta(days=1)
    assert code_of(lambda: answered(asked, "provider", "accept", late, accepted_on=DAYS[0])) == "contact_day_past"
    assert code_of(lambda: answered(asked, "asker", "accept", TODAY, accepted_on=DAYS[0])) == "contact_act_impossible"
    moved = answered(agreed, "asker", "propose", TODAY, days=[TODAY])
    assert (moved.status, moved.agreed_on, moved.waits_for) == ("asked", None, "provider")
    assert answered(agreed, "asker", "write", TODAY, message="14 h ?").status == "agreed"


def test_words_go_back_and_forth_and_other_days_come_from_either_side() -> None:
    asked = opened(DAYS, TODAY)
    assert code_of(lambda: answered(asked, "provider", "write", TODAY, message=" ")) == "contact_without_words"
    replied = answered(asked, "provider", "write", TODAY, message="Bonjour")
    assert (replied.status, replied.waits_for) == ("answered", "asker")
    proposed = answered(replied, "provider", "propose", TODAY, days=[TODAY])
    assert possible_acts(proposed, "asker") == ("write", "propose", "accept", "close")
    assert "accept" not in possible_acts(proposed, "provider")


def test_the_provider_declines_with_a_reason_and_what_is_over_is_over() -> None:
    asked = opened(DAYS, TODAY)
    assert code_of(lambda: answered(asked, "provider", "decline", TODAY)) == "contact_without_words"
    assert code_of(lambda: answered(asked, "asker", "decline", TODAY, message="non")) == "contact_act_impossible"
    declined = answered(asked, "provider", "decline", TODAY, message="Hors de notre métier")
    closed = answered(asked, "asker", "close", TODAY)
    for over in (declined, closed):
        assert possible_acts(over, "asker") == ()
        assert code_of(lambda over=over: answered(over, "asker", "write", TODAY, message="?")) == "contact_over"


MOVES = st.lists(st.tuples(st.sampled_from(SIDES), st.sampled_from(ACTS[1:])), max_size=12)


@given(MOVES)
def test_somebody_answers_until_a_day_is_agreed_or_it_is_over(moves: list[tuple[str, str]]) -> None:
    exchange: Exchange = opened(DAYS, TODAY)
    for side, act in moves:
        if act in possible_acts(exchange, side):
            exchange = answered(
                exchange, side, act, TODAY, message="x", days=[TODAY], accepted_on=exchange.proposed_on[0]
            )
        assert (exchange.waits_for is None) == (exchange.status in ("agreed", "declined", "closed"))
        assert exchange.agreed_on is None or exchange.agreed_on in exchange.proposed_on


def test_who_may_be_asked() -> None:
    check_askable(is_own=False, asks_as_provider=False, seeks_partner=False)
    check_askable(is_own=False, asks_as_provider=True, seeks_partner=True)
    assert code_of(lambda: check_askable(is_own=True, asks_as_provider=True, seeks_partner=True)) == "contact_with_oneself"
    assert code_of(lambda: check_askable(is_own=False, asks_as_provider=True, seeks_partner=False)) == (
        "contact_not_seeking_partner"
    )
    check_waiting(2)
    assert code_of(lambda: check_waiting(3)) == "contact_waits_already"


def test_a_partner_is_sought_for_known_activities_that_one_does_not_cover() -> None:
    known = range(1, 7)
    assert check_search([6, 5, 5], known, [1, 2]) == (5, 6)
    assert code_of(lambda: check_search([], known, [])) == "partner_activity_missing"
    assert code_of(lambda: check_search([7], known, [])) == "partner_activity_unknown"
    assert code_of(lambda: check_search([1, 5], known, [1])) == "partner_activity_held"
