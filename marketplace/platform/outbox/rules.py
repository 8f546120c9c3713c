"""When a failed delivery is tried again, and when it is given up."""
from datetime import timedelta

FIRST_WAIT = timedelta(seconds=30)
LONGEST_WAIT = timedelta(hours=1)
MOST_ATTEMPTS = 24
"""About 18 hours of trying: a mail server down for a night loses nothing."""


def wait_after(attempts: int) -> timedelta:
    """How long to wait after this many failed attempts (at least one): doubling from 30 s to an hour."""
    return min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(attempts - 1, 20))


def is_last(attempts: int) -> bool:
    """Whether the attempt just made was the last one."""
    return attempts >= MOST_ATTEMPTS
