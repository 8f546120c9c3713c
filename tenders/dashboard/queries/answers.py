"""Where a provider stands on every open lot: what it can answer, and what it lacks for the others."""
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy.orm import Session

from catalog.certifications.rules.states import Scheme
from marketplace.platform.errors import Sentence
from marketplace.platform.permissions import Actor
from tenders.dashboard.queries import lots
from tenders.dashboard.queries.lots import LotLine
from tenders.matching.queries import list_own_matches
from tenders.matching.rules import Eligible

MOST_LOTS = 100


@dataclass(frozen=True)
class Answer:
    """A lot, what the provider lacks to answer it, and its own price there when it lacks nothing.

    `has_offer`: it published something in the category; otherwise it may not sell that at all.
    """

    line: LotLine
    failed: tuple[Sentence, ...]
    has_offer: bool
    unit_price: Decimal | None = None


def list_answers(session: Session, actor: Actor, schemes: Mapping[str, Scheme] | None = None) -> list[Answer]:
    """The provider's standing on each open lot, the next to close first; a constant number of statements."""
    lines = lots.list_lines(session, actor, limit=MOST_LOTS)["items"]
    by_lot = {line.id: line for line in lines}
    answers = []
    for own in list_own_matches(session, actor, [line.lot for line in lines], schemes):
        failed = tuple(criterion.detail for criterion in own.row.criteria if not criterion.passed)
        price = own.row.unit_price if isinstance(own.row, Eligible) else None
        answers.append(Answer(by_lot[own.lot.id], failed, own.row.offer_id is not None, price))
    return answers
