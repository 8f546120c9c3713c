"""What a ledger does when its lot opens or is cancelled; both are steps."""
from sqlalchemy.orm import Session

from tenders.demand.envelopes.booking import open_ledger, release_rest
from tenders.vehicles.events import LotCancelled, LotOpened
from tenders.vehicles.models import Lot


def open_envelope(session: Session, event: LotOpened) -> None:
    """A lot opened: its ledger begins with its bounds."""
    open_ledger(session, session.get_one(Lot, event.lot_id))


def release_envelope(session: Session, event: LotCancelled) -> None:
    """The centre cancelled the lot: what was committed and not ordered is given back."""
    release_rest(session, event.lot_id, "lot_cancelled")
