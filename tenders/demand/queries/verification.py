"""Whether maintained totals, organisation counts and claims equal what the needs add up to (`grappe pool verify`)."""
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

_BUCKETS = """
    COALESCE(sum(quantity) FILTER (WHERE status = 'counted' AND firmness = 'firm'), 0) AS firm,
    COALESCE(sum(quantity) FILTER (WHERE status = 'counted' AND firmness = 'conditional'), 0) AS conditional,
    COALESCE(sum(quantity) FILTER (WHERE status = 'awaiting_signature'), 0) AS awaiting_signature,
    COALESCE(sum(quantity) FILTER (WHERE status = 'waitlisted'), 0) AS waitlisted,
    COALESCE(sum(quantity) FILTER (WHERE status = 'not_counted'), 0) AS indicative,
    COALESCE(sum(tolerance) FILTER (WHERE status = 'counted'), 0) AS tolerance,
    COUNT(*) FILTER (WHERE status = 'counted') AS members
"""
_PAIRS = """
    ('firm', kept.firm, found.firm), ('conditional', kept.conditional, found.conditional),
    ('awaiting_signature', kept.awaiting_signature, found.awaiting_signature),
    ('waitlisted', kept.waitlisted, found.waitlisted), ('indicative', kept.indicative, found.indicative),
    ('tolerance', kept.tolerance, found.tolerance), ('members', kept.members, found.members)
"""
_LOTS = text(f"""
WITH found AS (SELECT lot_id, {_BUCKETS} FROM needs GROUP BY lot_id)
SELECT kept.lot_id, NULL::uuid AS grappe_id, name, COALESCE(stored, 0) AS stored, COALESCE(summed, 0) AS summed
FROM lot_totals kept LEFT JOIN found USING (lot_id)
CROSS JOIN LATERAL (VALUES {_PAIRS}) AS pair (name, stored, summed)
WHERE COALESCE(stored, 0) <> COALESCE(summed, 0)
ORDER BY 1, 3
""")
_GRAPPES = text(f"""
WITH found AS (
    SELECT lot_id, grappe_id, {_BUCKETS},
           COUNT(DISTINCT organisation_id) FILTER (WHERE status IN ('counted', 'not_counted')) AS organisations
    FROM needs WHERE grappe_id IS NOT NULL GROUP BY lot_id, grappe_id
)
SELECT kept.lot_id, kept.grappe_id, name, COALESCE(stored, 0) AS stored, COALESCE(summed, 0) AS summed
FROM lot_grappe_totals kept LEFT JOIN found USING (lot_id, grappe_id)
CROSS JOIN LATERAL (VALUES {_PAIRS}, ('organisations', kept.organisations, found.organisations))
     AS pair (name, stored, summed)
WHERE COALESCE(stored, 0) <> COALESCE(summed, 0)
ORDER BY 1, 2, 3
""")
_CLAIMS = text("""
SELECT COALESCE(n.lot_id, c.subject_id) AS lot_id, NULL::uuid AS grappe_id, 'claims' AS name,
       COUNT(c.establishment_id) AS stored, COUNT(n.establishment_id) AS summed
FROM (SELECT lot_id, establishment_id FROM needs WHERE status = 'counted') n
FULL JOIN (SELECT subject_id, establishment_id FROM pooling_claims WHERE kind = 'need') c
     ON c.subject_id = n.lot_id AND c.establishment_id = n.establishment_id
WHERE n.lot_id IS NULL OR c.subject_id IS NULL
GROUP BY 1
ORDER BY 1
""")


@dataclass(frozen=True)
class Difference:
    """A figure kept that is not what the needs add up to; `name` is the column, or `claims` (rows without their pair)."""

    lot_id: UUID
    grappe_id: UUID | None
    name: str
    stored: int
    summed: int


def list_differences(session: Session) -> list[Difference]:
    """Every difference; empty when the pools are right. Each statement sees one moment, so it may run beside writes."""
    return [
        Difference(row.lot_id, row.grappe_id, row.name, int(row.stored), int(row.summed))
        for statement in (_LOTS, _GRAPPES, _CLAIMS)
        for row in session.execute(statement)
    ]
