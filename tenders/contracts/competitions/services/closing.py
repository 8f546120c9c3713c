"""Use case of the scheduler: look at every competition whose deadline is past, once, however late it is asked."""
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import select

from marketplace.notifications.services import tell_many
from marketplace.platform import audit, clock, jobs
from marketplace.platform.database import transaction
from marketplace.platform.facts import pack
from marketplace.platform.permissions import SYSTEM
from tenders.contracts.competitions import notices, queries
from tenders.contracts.competitions.models import Competition

DUE_AT_ONCE: Final = 200


def close_due(_now: datetime) -> int:
    """Tell buyers that offers can be read, end what nobody answered; how many were looked at. Run by the worker.

    What seals and unseals offers is the clock and not this work: nothing waits for it but the messages.
    """
    due = (
        select(Competition.id)
        .where(Competition.next_check_at <= clock.now())
        .order_by(Competition.next_check_at, Competition.id)
        .limit(DUE_AT_ONCE)
    )
    with transaction() as session:
        competition_ids = session.scalars(due).all()
    return sum(jobs.each_apart(competition_ids, _close))


def _close(competition_id: UUID) -> bool:
    """Once: False when somebody else did it, or it was opened again meanwhile."""
    with transaction() as session:
        queries.get_competition(session, SYSTEM, competition_id)
        competition = queries.lock_competition(session, competition_id)
        if competition.next_check_at is None or competition.next_check_at > clock.now():
            return False
        offers = queries.list_offers(session, competition_id, fresh=True)
        competition.next_check_at = None
        if any(each.unit_price is not None for each in offers):
            told = notices.to_decide(competition, offers)
        else:
            why = notices.nobody_answered(offers)
            competition.ended_at, competition.end_reason = clock.now(), pack(why)
            told = notices.unanswered(competition, why)
        competition.version += 1
        session.flush()
        audit.record(
            session, SYSTEM, "competition.closed", "competition", competition.id,
            organisation_id=competition.organisation_id,
            after={"status": competition.status, "answers": sum(each.unit_price is not None for each in offers)},
        )  # fmt: skip
        tell_many(session, [told])
        return True
