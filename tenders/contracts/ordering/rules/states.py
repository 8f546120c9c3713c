"""Where a call-off stands: derived from its dates by one definition, and which act is possible in which state."""
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from marketplace.platform.errors import RuleBroken

IS_SET, IS_NOT_SET, IS_NOTHING, IS_LESS = "is set", "is not set", "is nothing", "is less than ordered"

DEFINITION: Final = (
    ("cancelled", (("cancelled_at", IS_SET),)),
    ("rejected", (("rejected_at", IS_SET),)),
    ("refused", (("accepted_quantity", IS_NOTHING),)),
    ("certified", (("certified_at", IS_SET),)),
    ("disputed", (("disputed_at", IS_SET), ("resolved_at", IS_NOT_SET))),
    ("delivered", (("delivered_at", IS_SET),)),
    ("partly_accepted", (("accepted_quantity", IS_LESS),)),
    ("accepted", (("answered_at", IS_SET),)),
    ("sent", (("sent_at", IS_SET),)),
    ("approved", (("approved_at", IS_SET),)),
)
"""Read from the top; the first line whose tests all hold gives the status, and none of them means it awaits approval.

`rejected` was turned down inside the member's own organisation, `refused` by the holder.
"""
OTHERWISE: Final = "awaiting_approval"
STATUSES: Final = (*(status for status, _ in DEFINITION), OTHERWISE)
OVER: Final = frozenset({"cancelled", "rejected", "refused"})
"""States in which nothing of the order stands: its units are back in the envelope."""
TAKEN: Final = frozenset({"accepted", "partly_accepted", "delivered", "disputed", "certified"})
"""States in which the holder owes, or delivered, what it accepted."""

MAY: Final[Mapping[str, frozenset[str]]] = {
    "approve": frozenset({"awaiting_approval"}),
    "reject": frozenset({"awaiting_approval"}),
    "send": frozenset({"approved"}),
    "answer": frozenset({"sent"}),
    "deliver": frozenset({"accepted", "partly_accepted"}),
    "certify": frozenset({"delivered"}),
    "dispute": frozenset({"accepted", "partly_accepted", "delivered"}),
    "resolve": frozenset({"disputed"}),
    "cancel": frozenset({"awaiting_approval", "approved", "sent"}),
}
"""Act → the states in which it is possible."""


_TESTS: Final = {
    IS_SET: lambda value, quantity: value is not None,
    IS_NOT_SET: lambda value, quantity: value is None,
    IS_NOTHING: lambda value, quantity: value == 0,
    IS_LESS: lambda value, quantity: value is not None and value < quantity,
}


def status_of(facts: Mapping[str, Any], quantity: int) -> str:
    """The status; `facts` has the columns named by DEFINITION, `quantity` is what was ordered."""
    for status, tests in DEFINITION:
        if all(_TESTS[test](facts[name], quantity) for name, test in tests):
            return status
    return OTHERWISE


def may(act: str, status: str) -> bool:
    """Whether an act is possible in a state."""
    return status in MAY[act]


def check_act(act: str, status: str) -> None:
    """Refuse an act that comes too late or too early. RuleBroken `call_off_not_possible_now`, with both."""
    if not may(act, status):
        raise RuleBroken(
            "call_off_not_possible_now",
            "Cette commande n'en est pas là : relisez son état, un autre l'a peut-être fait avancer. Rien n'a été changé.",
            act=act, current=status,
        )  # fmt: skip


def standing_quantity(quantity: int, accepted: int | None, status: str) -> int:
    """How many units of an order stand: all until the holder answers, then what it accepted; nothing once it is over."""
    if status in OVER:
        return 0
    return quantity if accepted is None else accepted


def check_answer(quantity: int, accepted: int, reason: str | None) -> None:
    """A holder accepts all, or a part or nothing with its reason.

    RuleBroken `answer_beyond_order`, `answer_without_reason`.
    """
    if accepted > quantity or accepted < 0:
        raise RuleBroken(
            "answer_beyond_order",
            "La commande porte sur {quantity} unités : acceptez de 0 à {quantity}.",
            field="accepted_quantity", quantity=quantity,
        )  # fmt: skip
    if accepted < quantity and not (reason or "").strip():
        raise RuleBroken(
            "answer_without_reason",
            "Écrivez pourquoi vous n'acceptez pas toute la commande : l'établissement et la centrale le liront.",
            field="reason",
        )  # fmt: skip


FACTS: Final = tuple(sorted({name for _, tests in DEFINITION for name, _ in tests}))
"""The columns a status is derived from."""


def timeline(facts: Mapping[str, datetime | None]) -> list[tuple[str, datetime]]:
    """What happened, the earliest first: (name of the date, moment); dates of one moment keep the order of life."""
    happened = [(name, moment) for name, moment in facts.items() if moment is not None]
    return sorted(happened, key=lambda step: step[1])
