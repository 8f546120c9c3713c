"""Use case of the scheduler: warn a centre, once for each threshold, that a maximum comes near."""
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select, text

from marketplace.notifications.services import Telling, tell_many
from marketplace.platform.database import transaction
from tenders.demand.envelopes import messages
from tenders.demand.envelopes.rules import THRESHOLDS
from tenders.demand.words import unit_of
from tenders.vehicles.models import Lot, Vehicle

messages.register_all()

# While needs are collected the pool itself is held against the maximum; afterwards what was committed or ordered.
_RAISE = text("""
WITH used AS (
    SELECT e.lot_id, e.maximum, GREATEST(
        e.committed + e.released + e.adjusted, e.called_off,
        CASE WHEN p.takes_needs THEN p.firm + p.conditional ELSE 0 END
    ) AS used
    FROM envelopes e LEFT JOIN lot_totals p ON p.lot_id = e.lot_id WHERE e.maximum > 0
)
INSERT INTO envelope_alerts (lot_id, threshold, used, raised_at)
SELECT u.lot_id, t.threshold, u.used, :now
FROM used u CROSS JOIN unnest(CAST(:thresholds AS integer[])) AS t (threshold)
WHERE u.used * 100 >= t.threshold * u.maximum
  AND NOT EXISTS (SELECT FROM envelope_alerts a WHERE a.lot_id = u.lot_id AND a.threshold = t.threshold)
ORDER BY u.lot_id, t.threshold
ON CONFLICT DO NOTHING
RETURNING lot_id, threshold, used
""")


def raise_alerts(now: datetime) -> int:
    """Record every threshold reached since the last look and tell each centre of its highest; how many were recorded."""
    with transaction() as session:
        raised = session.execute(_RAISE, {"now": now, "thresholds": list(THRESHOLDS)}).all()
        if raised:
            lots = select(Lot, Vehicle.organisation_id).join(Vehicle, Vehicle.id == Lot.vehicle_id)
            rows = session.execute(lots.where(Lot.id.in_({alert.lot_id for alert in raised})))
            known = {lot.id: (lot, centre_id) for lot, centre_id in rows}
            tell_many(session, _tellings(raised, known))
    return len(raised)


def _tellings(raised: Sequence[Row[Any]], known: dict[UUID, tuple[Lot, UUID]]) -> list[Telling]:
    highest = {alert.lot_id: alert for alert in sorted(raised, key=lambda alert: alert.threshold)}
    tellings = []
    for lot_id, alert in highest.items():
        lot, centre_id = known[lot_id]
        values = {
            "lot": lot.title, "lot_id": str(lot_id), "threshold": alert.threshold, "used": alert.used,
            "maximum": lot.maximum_quantity, "unit": unit_of(lot.unit, alert.used),
        }  # fmt: skip
        tellings.append(Telling("envelope_alert", values, organisation_ids=[centre_id]))
    return tellings
