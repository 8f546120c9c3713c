"""What closings decided, cut to the reader's own establishments, each line with its reasons."""
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from marketplace.platform.errors import Sentence
from marketplace.platform.facts import unpack
from marketplace.platform.permissions import Actor
from tenders.demand.queries.closings import list_closings

# The decision of a large lot is a large document: only the lines of one's own establishments leave the database.
_OWN_LINES = text("""
SELECT c.lot_id, c.round, c.decided_at, l.title, e.name, line.entry -> 'detail' AS detail, line.is_included
FROM closings c
JOIN lots l ON l.id = c.lot_id
CROSS JOIN LATERAL (
    SELECT entry, true AS is_included FROM jsonb_array_elements(c.body -> 'included') AS entry
    UNION ALL
    SELECT entry, false FROM jsonb_array_elements(c.body -> 'excluded') AS entry
) AS line
JOIN establishments e ON e.id = CAST(line.entry ->> 'establishment_id' AS uuid)
WHERE e.organisation_id = ANY(CAST(:organisations AS uuid[]))
  AND c.lot_id IN (
      SELECT n.lot_id FROM needs n JOIN establishments own ON own.id = n.establishment_id
      WHERE own.organisation_id = ANY(CAST(:organisations AS uuid[]))
  )
  AND (CAST(:lot_id AS uuid) IS NULL OR c.lot_id = :lot_id)
ORDER BY c.decided_at DESC, c.round DESC, line.is_included DESC, e.name
LIMIT :limit
""")


@dataclass(frozen=True)
class Decision:
    """One establishment's part in one closing."""

    lot_id: UUID
    round: int
    decided_at: datetime
    title: str
    establishment: str
    reasons: list[Sentence]
    is_included: bool


@dataclass(frozen=True)
class LotClosing:
    """A round's decision, and what it said to the reader's establishments."""

    round: int
    outcome: str
    policy_applied: str | None
    decided_at: datetime
    reason: str | None
    ordered_quantity: int
    tested_quantity: int
    own: list[Decision]


def list_decisions(session: Session, actor: Actor, lot_id: UUID | None = None, limit: int = 6) -> list[Decision]:
    """What was decided for the reader's establishments, the newest first; one statement."""
    organisations = list(actor.organisation_ids(kind="care_operator"))
    if not organisations:
        return []
    rows = session.execute(_OWN_LINES, {"organisations": organisations, "lot_id": lot_id, "limit": limit})
    return [_decision(row) for row in rows]


def _decision(row: Any) -> Decision:
    return Decision(row.lot_id, row.round, row.decided_at, row.title, row.name, unpack(row.detail), row.is_included)


def list_lot_closings(session: Session, actor: Actor, lot_id: UUID) -> list[LotClosing]:
    """Every decision on a lot, the newest first, with the reader's own lines."""
    own: defaultdict[int, list[Decision]] = defaultdict(list)
    closings = list_closings(session, lot_id)
    lines: Sequence[Decision] = list_decisions(session, actor, lot_id, limit=400) if closings else ()
    for line in lines:
        own[line.round].append(line)
    return [
        LotClosing(
            closing.round, closing.outcome, closing.policy_applied, closing.decided_at, closing.reason,
            closing.ordered_quantity, closing.body["tested_quantity"], own[closing.round],
        )
        for closing in reversed(closings)
    ]  # fmt: skip
