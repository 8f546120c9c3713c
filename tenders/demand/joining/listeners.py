"""What late joinings answer: a closing that somebody joined since then stands."""
from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from marketplace.platform.errors import N_, Sentence
from tenders.demand.events import RelyingOnClosing
from tenders.demand.joining.models import LateJoining

JOINED_SINCE = Sentence("joined_since_closing", N_("un établissement a rejoint ce lot depuis"))


def relying_latecomers(session: Session, question: RelyingOnClosing) -> list[Sentence]:
    """Who joined after the closing relies on it."""
    joined = session.scalar(select(exists().where(LateJoining.lot_id == question.lot_id)))
    return [JOINED_SINCE] if joined else []
