"""When a failed delivery is tried again."""
from datetime import timedelta

from marketplace.platform.outbox.rules import LONGEST_WAIT, MOST_ATTEMPTS, is_last, wait_after


def test_waits_double_up_to_an_hour() -> None:
    assert [wait_after(n) for n in (1, 2, 3)] == [timedelta(seconds=s) for s in (30, 60, 120)]
    assert wait_after(8) == wait_after(1000) == LONGEST_WAIT


def test_a_mail_server_down_for_a_night_loses_nothing() -> None:
    assert sum((wait_after(n) for n in range(1, MOST_ATTEMPTS)), timedelta()) > timedelta(hours=12)


def test_trying_ends_some_day() -> None:
    assert not is_last(MOST_ATTEMPTS - 1) and is_last(MOST_ATTEMPTS)
