"""Deadlines that concern a person: closings of lots of its centres, and of lots where its sites have a need or could."""
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import Session

from marketplace.accounts import queries as accounts
from marketplace.establishments.models import Establishment
from marketplace.grappes.models import PoolingClaim
from marketplace.platform import clock
from marketplace.platform.api import fingerprint
from marketplace.platform.errors import NotFound
from marketplace.platform.permissions import Actor
from tenders.dashboard.calendar.models import CalendarToken
from tenders.demand.models import Need
from tenders.vehicles.models import Lot, Vehicle
from tenders.vehicles.queries import visible_lots

MOST_DEADLINES = 200


def find_token(session: Session, user_id: UUID) -> CalendarToken | None:
    """The person's address in force."""
    return session.get(CalendarToken, user_id)


def get_owner(session: Session, secret: str) -> Actor:
    """Whose calendar a secret opens; NotFound when it was revoked, or its owner's account is disabled."""
    user_id = session.scalar(select(CalendarToken.user_id).where(CalendarToken.token_hash == fingerprint(secret)))
    if user_id is None or accounts.get_user(session, user_id).disabled_at is not None:
        raise NotFound("calendar")
    return accounts.get_actor(session, user_id)


def list_closings(session: Session, actor: Actor) -> Sequence[Lot]:
    """Open lots still to close that concern the reader, the next first; one statement."""
    care = select(Establishment.id).where(
        Establishment.organisation_id.in_(actor.organisation_ids(kind="care_operator")), Establishment.closed_on.is_(None)
    )
    concerned = or_(
        Vehicle.organisation_id.in_(actor.organisation_ids(kind="purchasing_centre")),
        exists(select(Need.lot_id).where(Need.lot_id == Lot.id, Need.establishment_id.in_(care)).correlate(Lot)),
        exists(
            select(PoolingClaim.subject_id)
            .where(
                PoolingClaim.kind == "membership", PoolingClaim.category_code == Lot.category_code,
                PoolingClaim.establishment_id.in_(care),
            )
            .correlate(Lot)
        ),
    )  # fmt: skip
    statement = visible_lots(actor).where(Lot.status == "open", Lot.needs_close_at > clock.now(), concerned)
    return session.scalars(statement.order_by(Lot.needs_close_at, Lot.id).limit(MOST_DEADLINES)).all()
