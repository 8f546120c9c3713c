"""Use cases: adhere to a vehicle by signing the convention that was read, and end an adhesion with its reason."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from marketplace.platform import audit, clock
from marketplace.platform.database import new_id, transaction
from marketplace.platform.errors import N_, BadInput, NotFound, RuleBroken
from marketplace.platform.files import Upload, keep
from marketplace.platform.permissions import Actor, require
from tenders.contracts.adhesions import notices, queries
from tenders.contracts.adhesions.fees import charge_years, first_year
from tenders.contracts.adhesions.models import Adhesion
from tenders.contracts.adhesions.rules import check_can_sign, check_reason, check_shown
from tenders.vehicles.models import Vehicle
from tenders.vehicles.queries import get_vehicle


def adhere(
    actor: Actor, vehicle_id: UUID, organisation_id: UUID, *, convention_sha256: str, upload: Upload | None = None
) -> tuple[Adhesion, bool]:
    """Sign the convention for one's organisation, and whether this call did: adhering already, nothing is written.

    The first year of the membership fee falls due with the signature. `convention_sha256` is that of the text that was
    shown. NotFound, NotAllowed without the signatory's right, RuleBroken `vehicle_takes_no_adhesion`, `convention_changed`,
    BadInput for a file that is no PDF.
    """
    with transaction() as session:
        vehicle = get_vehicle(session, actor, vehicle_id)
        if organisation_id not in actor.organisation_ids(kind="care_operator"):
            raise NotFound("organisation")
        require(actor, "adhesion.sign", own=organisation_id)
        vehicle = _lock(session, vehicle_id)
        known = queries.find_running(session, vehicle_id, organisation_id)
        if known is not None:
            return known, False
        check_can_sign(vehicle.status)
        convention = queries.convention_for(session, vehicle, organisation_id)
        check_shown(convention_sha256, convention.sha256)
        if upload is not None and upload.content_type != "application/pdf":
            raise BadInput({"signed_file": [N_("La convention signée est un PDF : choisissez-en un.")]})
        return _write(session, actor, convention, upload), True


def end_adhesion(actor: Actor, adhesion_id: UUID, reason: str) -> Adhesion:
    """End an adhesion, as its member or as the centre; orders placed and needs committed before stay.

    RuleBroken `adhesion_ended` when it is over already, BadInput without a reason.
    """
    with transaction() as session:
        adhesion = queries.get_adhesion(session, actor, adhesion_id)
        require(actor, "adhesion.end", own=adhesion.organisation_id, centre=adhesion.vehicle.organisation_id)
        written = check_reason(reason)
        session.execute(select(Adhesion.id).where(Adhesion.id == adhesion_id).with_for_update())
        session.refresh(adhesion)
        if adhesion.ended_at is not None:
            raise RuleBroken("adhesion_ended", "Cette adhésion a déjà pris fin.")
        charge_years(session, adhesion, clock.today())  # a year that began is owed, whether or not the scheduler came by
        adhesion.ended_at, adhesion.ended_by, adhesion.end_reason = clock.now(), actor.own_id, written
        session.flush()
        audit.record(
            session, actor, "adhesion.ended", "adhesion", adhesion.id, organisation_id=adhesion.organisation_id,
            after={"vehicle_id": adhesion.vehicle_id, "reason": written},
        )  # fmt: skip
        notices.ended(session, adhesion)
        return adhesion


def _lock(session: Session, vehicle_id: UUID) -> Vehicle:
    """The vehicle as it is once nobody else signs, or cancels it; needs on its lots do not wait."""
    statement = select(Vehicle).where(Vehicle.id == vehicle_id).options(selectinload(Vehicle.lots))
    locked = statement.with_for_update(key_share=True)
    return session.scalars(locked, execution_options={"populate_existing": True}).one()


def _write(session: Session, actor: Actor, convention: queries.Convention, upload: Upload | None) -> Adhesion:
    owner, vehicle = convention.organisation_id, session.get_one(Vehicle, convention.vehicle_id)
    stored = None if upload is None else keep(session, upload, owner_id=owner, stored_by=actor.user_id)
    adhesion = Adhesion(
        id=new_id(), vehicle_id=convention.vehicle_id, organisation_id=owner, convention_version=convention.version,
        convention_text=convention.text, convention_sha256=convention.sha256, signed_by=actor.own_id,
        signed_file_id=None if stored is None else stored.id,
    )  # fmt: skip
    first_year(session, vehicle, adhesion)
    session.add(adhesion)
    session.flush()
    charge_years(session, adhesion, clock.today())
    audit.record(
        session, actor, "adhesion.signed", "adhesion", adhesion.id, organisation_id=owner,
        after={
            "vehicle_id": convention.vehicle_id, "version": convention.version, "convention_sha256": convention.sha256,
            "file_sha256": None if stored is None else stored.sha256, "yearly_fee": adhesion.yearly_fee,
        },
    )  # fmt: skip
    notices.signed(session, adhesion)
    return adhesion
