"""Where a mini-competition stands: derived from its dates and the moment, and which act is possible in which state."""
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from marketplace.platform.errors import RuleBroken

IS_SET, IS_TO_COME = "is set", "is to come"
DEFINITION: Final = (
    ("cancelled", ("cancelled_at", IS_SET)),
    ("awarded", ("awarded_at", IS_SET)),
    ("unanswered", ("ended_at", IS_SET)),
    ("open", ("closes_at", IS_TO_COME)),
)
"""Read from the top; the first line whose test holds gives the status, and none of them means its offers are to decide."""
OTHERWISE: Final = "to_decide"
STATUSES: Final = (*(status for status, _ in DEFINITION), OTHERWISE)
FACTS: Final = tuple(name for _, (name, _) in DEFINITION)
MAY: Final[Mapping[str, frozenset[str]]] = {
    "answer": frozenset({"open"}),
    "decide": frozenset({"to_decide"}),
    "cancel": frozenset({"open", "to_decide"}),
    "reopen": frozenset({"unanswered"}),
}
"""Act → the states in which it is possible."""


def status_of(facts: Mapping[str, Any], now: datetime) -> str:
    """cancelled, awarded, unanswered (ended without a price), open or to_decide; `facts` has the columns of FACTS."""
    for status, (name, test) in DEFINITION:
        value = facts[name]
        if (value is not None) if test == IS_SET else value > now:
            return status
    return OTHERWISE


def is_sealed(closes_at: datetime, cancelled_at: datetime | None, now: datetime) -> bool:
    """Whether nobody but its author may see an offer: until the deadline, and for ever when it was cancelled before it."""
    return now < closes_at or (cancelled_at is not None and cancelled_at < closes_at)


def may(act: str, status: str) -> bool:
    """Whether an act is possible in a state."""
    return status in MAY[act]


def once_closed(status: str, *, has_price: bool) -> str:
    """The state that the deadline leaves behind, before the scheduler has looked: past it without a price, `unanswered`."""
    return "unanswered" if status == OTHERWISE and not has_price else status


def check_act(act: str, status: str, closes_at: datetime) -> None:
    """Refuse an act that comes too late or too early.

    RuleBroken `answer_too_late`, `offers_still_sealed`, `competition_not_possible_now`.
    """
    if may(act, status):
        return
    if act == "answer" and status == "to_decide":
        raise RuleBroken(
            "answer_too_late",
            "Les réponses étaient attendues jusqu'au {closes_at} : il est trop tard pour répondre ou changer votre réponse.",
            closes_at=closes_at,
        )
    if act == "decide" and status == "open":
        raise RuleBroken(
            "offers_still_sealed",
            "Les offres sont tenues secrètes jusqu'au {closes_at} : revenez après pour les lire et décider.",
            closes_at=closes_at,
        )
    raise RuleBroken(
        "competition_not_possible_now",
        "Cette mise en concurrence n'en est pas là : relisez son état, un autre l'a peut-être fait avancer. Rien n'a été "
        "changé.",
        act=act, current=status,
    )  # fmt: skip
