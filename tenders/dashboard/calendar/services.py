"""Use cases of a calendar: a new secret address, or none any more."""
from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert

from marketplace.platform import audit, clock
from marketplace.platform.api import fingerprint
from marketplace.platform.database import transaction
from marketplace.platform.keys import new_secret
from marketplace.platform.permissions import Actor, require
from tenders.dashboard.calendar.models import CalendarToken


def make_address(actor: Actor) -> str:
    """A new secret for the caller's calendar, shown once; the former address is refused from now on."""
    secret = new_secret()
    with transaction() as session:
        require(actor, "calendar.manage")
        values = {"token_hash": fingerprint(secret), "created_at": clock.now()}
        row = insert(CalendarToken).values(user_id=actor.own_id, **values)
        session.execute(row.on_conflict_do_update(index_elements=["user_id"], set_=values))
        audit.record(session, actor, "calendar.address_made", "user", actor.own_id)
    return secret


def revoke_address(actor: Actor) -> None:
    """Refuse the caller's address from now on; without one nothing changes."""
    with transaction() as session:
        require(actor, "calendar.manage")
        session.execute(delete(CalendarToken).where(CalendarToken.user_id == actor.own_id))
        audit.record(session, actor, "calendar.address_revoked", "user", actor.own_id)
