"""When somebody is reminded that a certificate ends: at each threshold once, the nearest one alone after a pause."""
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final

from catalog.certifications.rules.spans import A_DAY
from catalog.certifications.rules.states import HeldCertificate, is_trusted

THRESHOLDS: Final = (90, 30, 7, 0)
"""Days before the last day of a certificate; 0 is that day itself."""
LATEST: Final = 30
"""Days after its end beyond which nobody is told any more of a certificate that ended unnoticed."""


@dataclass(frozen=True)
class Reminder:
    """What to tell now: the days left (negative: over), and the thresholds that are thereby done with."""

    days_left: int
    thresholds: tuple[int, ...]


def reminder(ends_on: date, today: date, done: Collection[int]) -> Reminder | None:
    """The reminder due today for a certificate whose last day is `ends_on`; None when none is.

    After a pause the nearest threshold is told and the ones before it are done with: nobody reads three mails at once.
    """
    left = (ends_on - today).days
    reached = [threshold for threshold in THRESHOLDS if left <= threshold]
    if not reached or min(reached) in done or left < -LATEST:
        return None
    return Reminder(left, tuple(threshold for threshold in reached if threshold not in done))


def is_renewed(ending: HeldCertificate, held: Iterable[HeldCertificate], today: date) -> bool:
    """Whether a verified certificate of the same holder, scheme and activities takes over without a hole."""
    return any(
        other.holder == ending.holder and other.scheme == ending.scheme and other.activities >= ending.activities
        and (other.level or 0) >= (ending.level or 0)
        and is_trusted(other, today) and other.starts_on <= ending.ends_on + A_DAY and other.ends_on > ending.ends_on
        for other in held
    )  # fmt: skip
