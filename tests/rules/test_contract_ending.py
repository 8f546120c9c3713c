"""Suspending, taking up, terminating a contract; what follows a missed minimum."""
from datetime import date

import pytest

from marketplace.platform.errors import BadInput, RuleBroken
from tenders.contracts.rules.ending import (
    check_resumption,
    check_suspension,
    check_termination,
    step_when_missed,
    written,
)

TODAY, TOMORROW, YESTERDAY = date(2028, 6, 15), date(2028, 6, 16), date(2028, 6, 14)


@pytest.mark.parametrize(
    ("policy", "step"),
    [
        ((), "release"),
        (("extend", "release"), "release"),
        (("extend", "merge"), "release"),
        (("extend", "cancel", "release"), "cancel"),
        (("cancel",), "cancel"),
    ],
)
def test_the_first_step_that_still_applies_runs(policy, step):
    assert step_when_missed(policy) == step


@pytest.mark.parametrize("status", ["active", "upcoming", "suspended"])
def test_what_runs_may_be_suspended_from_today_on(status):
    check_suspension(status, TODAY, None, TODAY)
    check_suspension(status, TODAY, TODAY, TODAY)


@pytest.mark.parametrize("status", ["concluded", "ended", "terminated", "lapsed"])
def test_what_does_not_run_is_not_suspended(status):
    with pytest.raises(RuleBroken) as broken:
        check_suspension(status, TODAY, None, TODAY)
    assert broken.value.code == "contract_not_running"


@pytest.mark.parametrize(
    ("starts_on", "until", "field"), [(YESTERDAY, None, "from"), (TOMORROW, TODAY, "until")]
)
def test_a_suspension_is_to_come_and_goes_forward(starts_on, until, field):
    with pytest.raises(BadInput) as bad:
        check_suspension("active", starts_on, until, TODAY)
    assert list(bad.value.errors) == [field]


@pytest.mark.parametrize("status", ["ended", "terminated", "lapsed"])
def test_what_is_over_is_not_terminated(status):
    with pytest.raises(RuleBroken) as broken:
        check_termination(status, TODAY, TODAY, TODAY)
    assert broken.value.code == "contract_is_over"


def test_a_termination_is_not_in_the_past():
    check_termination("concluded", TODAY, TODAY, TODAY)
    with pytest.raises(BadInput) as bad:
        check_termination("active", YESTERDAY, TODAY, TODAY)
    assert list(bad.value.errors) == ["on"]


def test_only_what_is_suspended_is_taken_up():
    check_resumption(TODAY)
    with pytest.raises(RuleBroken) as broken:
        check_resumption(None)
    assert broken.value.code == "contract_not_suspended"


def test_a_reason_is_written():
    assert written(" Litige ") == "Litige"
    for empty in (None, "", "  "):
        with pytest.raises(BadInput) as bad:
            written(empty)
        assert list(bad.value.errors) == ["reason"]
