"""What an adhesion costs: the yearly membership fee that was signed, from the signature on, each year once."""
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.billing.charging import record_charge
from marketplace.platform import audit, clock, jobs
from marketplace.platform.database import transaction
from marketplace.platform.permissions import SYSTEM
from tenders.contracts.adhesions.models import Adhesion
from tenders.contracts.fees.lines import membership_line
from tenders.contracts.rules.yearly import year_begins, year_ends, year_of, years_due
from tenders.vehicles.models import Vehicle


def first_year(session: Session, vehicle: Vehicle, adhesion: Adhesion) -> None:
    """Step: write what a new adhesion costs a year, and from which day its years count.

    An organisation that adheres again while a year it owes already still runs goes on with that year, which is owed once.
    """
    if vehicle.membership_fee is None:
        return
    today = clock.today()
    before = session.scalars(
        select(Adhesion.fee_since).where(
            Adhesion.vehicle_id == vehicle.id, Adhesion.organisation_id == adhesion.organisation_id,
            Adhesion.next_fee_on > today,
        ).order_by(Adhesion.signed_at.desc()).limit(1)
    ).first()  # fmt: skip
    since = before or today
    adhesion.yearly_fee, adhesion.fee_since = vehicle.membership_fee, since
    adhesion.next_fee_on = year_begins(since, year_of(since, today))


def charge_years(session: Session, adhesion: Adhesion, today: date) -> int:
    """Step: every year of a locked running adhesion that began by `today` and is not charged yet; how many."""
    vehicle = adhesion.vehicle
    if adhesion.fee_since is None or adhesion.next_fee_on is None or adhesion.yearly_fee is None:
        return 0
    last = min(today, vehicle.ends_on)
    if vehicle.cancelled_at is not None:
        last = min(last, clock.paris(vehicle.cancelled_at).date())
    years = years_due(adhesion.fee_since, adhesion.next_fee_on, last)
    for year in years:
        begins, ends = year_begins(adhesion.fee_since, year), year_ends(adhesion.fee_since, year)
        record_charge(
            session, kind="membership", payer_organisation_id=adhesion.organisation_id,
            payee_organisation_id=vehicle.organisation_id, amount=adhesion.yearly_fee, subject_kind="adhesion_year",
            subject_id=f"{vehicle.id}:{adhesion.organisation_id}:{begins.isoformat()}", due_on=begins,
            label=membership_line(vehicle.name, begins, ends),
        )  # fmt: skip
        audit.record(
            session, SYSTEM, "adhesion.fee_charged", "adhesion", adhesion.id, organisation_id=adhesion.organisation_id,
            after={"amount": adhesion.yearly_fee, "from": begins},
        )  # fmt: skip
    if years:
        adhesion.next_fee_on = year_begins(adhesion.fee_since, years[-1] + 1)
        session.flush()
    return len(years)


def charge_due_memberships(now: datetime) -> int:
    """Use case of the scheduler: charge every year of a running adhesion that has begun; how many years."""
    today = clock.paris(now).date()
    with transaction() as session:
        waiting = list(session.scalars(
            select(Adhesion.id).join(Adhesion.vehicle)
            .where(Adhesion.ended_at.is_(None), Adhesion.next_fee_on <= today, Adhesion.next_fee_on <= Vehicle.ends_on,
                   Vehicle.cancelled_at.is_(None))
            .order_by(Adhesion.id)
        ))  # fmt: skip
    return sum(jobs.each_apart(waiting, lambda adhesion_id: _charge(adhesion_id, today)))


def _charge(adhesion_id: UUID, today: date) -> int:
    with transaction() as session:
        held = select(Adhesion).where(Adhesion.id == adhesion_id, Adhesion.ended_at.is_(None)).with_for_update()
        adhesion = session.scalars(held, execution_options={"populate_existing": True}).one_or_none()
        return charge_years(session, adhesion, today) if adhesion is not None else 0
