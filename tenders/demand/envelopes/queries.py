"""Reads of ledgers: one lot's entries and forecast, a centre's envelopes, and whether sums equal their entries."""
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from marketplace.platform import clock
from marketplace.platform.errors import NotFound
from tenders.demand.envelopes.models import Envelope, EnvelopeAlert, EnvelopeEntry
from tenders.demand.envelopes.rules import ENGAGING, WEEKS_LOOKED_AT, Forecast, forecast
from tenders.vehicles.models import Vehicle


def get_envelope(session: Session, lot_id: UUID) -> Envelope:
    """The sums of a lot's ledger; NotFound for a lot that never opened. The caller has checked who asks."""
    envelope = session.get(Envelope, lot_id)
    if envelope is None:
        raise NotFound("envelope")
    return envelope


def find_envelopes(session: Session, lot_ids: Collection[UUID]) -> dict[UUID, Envelope]:
    """Envelopes of these lots by lot id; drafts have none."""
    rows = session.scalars(select(Envelope).where(Envelope.lot_id.in_(lot_ids)))
    return {envelope.lot_id: envelope for envelope in rows}


def list_entries(session: Session, lot_id: UUID, limit: int = 200) -> Sequence[EnvelopeEntry]:
    """The last entries of a ledger, the newest first."""
    statement = select(EnvelopeEntry).where(EnvelopeEntry.lot_id == lot_id).order_by(EnvelopeEntry.number.desc())
    return session.scalars(statement.limit(limit)).all()


def list_alerts(session: Session, lot_id: UUID) -> Sequence[EnvelopeAlert]:
    """Thresholds reached, the lowest first."""
    statement = select(EnvelopeAlert).where(EnvelopeAlert.lot_id == lot_id).order_by(EnvelopeAlert.threshold)
    return session.scalars(statement).all()


def forecast_of(session: Session, envelope: Envelope) -> Forecast:
    """When the envelope will be used up: by the orders once there are any, else by what was committed."""
    today = clock.today()
    since = clock.now() - timedelta(weeks=WEEKS_LOOKED_AT)
    kinds = ("called_off",) if envelope.called_off else ENGAGING
    rows = session.execute(
        select(EnvelopeEntry.booked_at, EnvelopeEntry.quantity).where(
            EnvelopeEntry.lot_id == envelope.lot_id, EnvelopeEntry.kind.in_(kinds), EnvelopeEntry.booked_at >= since
        )
    )
    used = [(clock.paris(booked_at).date(), quantity) for booked_at, quantity in rows]
    return forecast(used, envelope.balance.remaining, today)


@dataclass(frozen=True)
class VehicleBalance:
    """A vehicle's lots together, in euros excluding VAT over the term (units differ from lot to lot).

    `remaining_amount` adds up the lots that have a maximum and a price; `unbounded` says how many have not.
    """

    vehicle_id: UUID
    name: str
    lots: int
    unbounded: int
    engaged_amount: Decimal
    called_off_amount: Decimal
    remaining_amount: Decimal


def list_vehicle_balances(session: Session, vehicle_ids: Collection[UUID]) -> list[VehicleBalance]:
    """The envelope of each of these vehicles that opened, by name; one statement. The caller has checked who asks."""
    ceiling = func.coalesce(Envelope.maximum_amount, Envelope.maximum * Envelope.unit_amount)
    left = ceiling - func.greatest(Envelope.engaged_amount, Envelope.called_off_amount)
    rows = session.execute(
        select(
            Vehicle.id, Vehicle.name, func.count(), func.count().filter(ceiling.is_(None)),
            func.sum(Envelope.engaged_amount), func.sum(Envelope.called_off_amount), func.coalesce(func.sum(left), 0),
        )
        .join(Vehicle, Vehicle.id == Envelope.vehicle_id)
        .where(Envelope.vehicle_id.in_(vehicle_ids))
        .group_by(Vehicle.id)
        .order_by(Vehicle.name, Vehicle.id)
    )  # fmt: skip
    return [VehicleBalance(*row) for row in rows]


_NAMES = ("minimum", "maximum", "committed", "called_off", "released", "adjusted")
_SUMS = ", ".join(f"COALESCE(sum(quantity) FILTER (WHERE kind = '{name}'), 0) AS {name}" for name in _NAMES)
_PAIRS = ", ".join(f"('{name}', COALESCE(e.{name}, 0)::numeric, COALESCE(f.{name}, 0)::numeric)" for name in _NAMES)
_VERIFY = text(f"""
WITH found AS (
    SELECT lot_id, {_SUMS}, count(*) AS entries, max(number) AS last,
           COALESCE(sum(amount) FILTER (WHERE kind IN ('committed', 'released', 'adjusted')), 0) AS engaged_amount,
           COALESCE(sum(amount) FILTER (WHERE kind = 'called_off'), 0) AS called_off_amount,
           COALESCE(sum(amount) FILTER (WHERE kind = 'maximum'), 0) AS maximum_amount
    FROM envelope_entries GROUP BY lot_id
)
SELECT e.lot_id, name, stored, summed
FROM envelopes e LEFT JOIN found f USING (lot_id)
CROSS JOIN LATERAL (VALUES {_PAIRS},
    ('engaged_amount', e.engaged_amount, COALESCE(f.engaged_amount, 0)),
    ('called_off_amount', e.called_off_amount, COALESCE(f.called_off_amount, 0)),
    ('maximum_amount', COALESCE(e.maximum_amount, 0), COALESCE(f.maximum_amount, 0)),
    ('entries', e.entries::numeric, COALESCE(f.entries, 0)::numeric),
    ('last entry', e.entries::numeric, COALESCE(f.last, 0)::numeric)) AS pair (name, stored, summed)
WHERE stored <> summed
UNION ALL
SELECT p.lot_id, 'envelope', 0, 1 FROM lot_totals p WHERE NOT EXISTS (SELECT FROM envelopes e WHERE e.lot_id = p.lot_id)
ORDER BY 1, 2
""")


@dataclass(frozen=True)
class LedgerDifference:
    """A sum kept that is not what the entries add up to, or (`envelope`) a ledger that is missing."""

    lot_id: UUID
    name: str
    stored: str
    summed: str


def list_ledger_differences(session: Session) -> list[LedgerDifference]:
    """Every difference between sums and entries; empty when the ledgers are right. One statement, one moment."""
    return [
        LedgerDifference(row.lot_id, row.name, f"{row.stored.normalize():f}", f"{row.summed.normalize():f}")
        for row in session.execute(_VERIFY)
    ]
