"""Use cases of the control room: remind the establishments concerned by a lot, send each centre its week."""
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from marketplace.notifications.services import Telling, tell, tell_many
from marketplace.platform import audit, clock
from marketplace.platform.database import db, transaction
from marketplace.platform.errors import Conflict, RuleBroken
from marketplace.platform.permissions import Actor, require
from tenders.dashboard.control_room import messages
from tenders.dashboard.control_room.models import CentreSummary, LotReminder
from tenders.dashboard.control_room.queries import own_centres
from tenders.dashboard.control_room.rules import summary_week
from tenders.vehicles import queries as vehicles
from tenders.vehicles.models import Lot

messages.register_all()

_UNFINISHED = text("""
SELECT establishment_id FROM needs
WHERE lot_id = :lot_id AND status IN ('awaiting_signature', 'to_confirm', 'not_counted') ORDER BY 1
""")
_MISSING = text("""
SELECT m.establishment_id FROM pooling_claims m
WHERE m.kind = 'membership' AND m.category_code = :category
  AND NOT EXISTS (SELECT FROM needs n WHERE n.lot_id = :lot_id AND n.establishment_id = m.establishment_id)
  AND NOT EXISTS (
      SELECT FROM pooling_claims c
      WHERE c.kind = 'need' AND c.category_code = :category AND c.establishment_id = m.establishment_id
  )
ORDER BY 1
""")


@dataclass(frozen=True)
class Concerned:
    """Whom a reminder reaches: a need that does not count yet, or a member of a grappe that pools this without any."""

    unfinished: list[UUID]
    missing: list[UUID]

    def __len__(self) -> int:
        return len(self.unfinished) + len(self.missing)


def remind_lot(actor: Actor, lot_id: UUID) -> int:
    """Remind the establishments concerned by an open lot, once a day (Paris); how many.

    Conflict `lot_reminded_today`; RuleBroken `lot_takes_no_needs`, `nobody_to_remind`.
    """
    with transaction() as session:
        lot = vehicles.get_lot(session, actor, lot_id)
        require(actor, "lot.remind", centre=lot.vehicle.organisation_id)
        if lot.status != "open" or lot.needs_close_at <= clock.now():
            raise RuleBroken("lot_takes_no_needs", "Ce lot ne recueille pas de besoins : il n'y a personne à relancer.")
        concerned = _concerned(session, lot)
        if not len(concerned):
            raise RuleBroken(
                "nobody_to_remind",
                "Personne à relancer : chaque besoin compte déjà, et chaque membre de grappe concerné a placé le sien.",
            )
        _note(session, actor, lot, len(concerned))
        tell_many(session, _tellings(lot, concerned))
        audit.record(
            session, actor, "lot.reminded", "lot", lot_id, organisation_id=lot.vehicle.organisation_id,
            after={"unfinished": len(concerned.unfinished), "missing": len(concerned.missing)},
        )  # fmt: skip
    return len(concerned)


def _concerned(session: Session, lot: Lot) -> Concerned:
    values: dict[str, Any] = {"lot_id": lot.id, "category": lot.category_code}
    unfinished, missing = (list(session.scalars(statement, values)) for statement in (_UNFINISHED, _MISSING))
    return Concerned(unfinished, missing)


def _note(session: Session, actor: Actor, lot: Lot, establishments: int) -> None:
    row = insert(LotReminder).values(
        lot_id=lot.id, sent_on=clock.today(), sent_at=clock.now(), sent_by=actor.user_id, establishments=establishments
    )
    if session.execute(row.on_conflict_do_nothing().returning(LotReminder.lot_id)).one_or_none() is None:
        raise Conflict(
            "lot_reminded_today", "Ces établissements ont déjà été relancés aujourd'hui pour ce lot : réessayez demain."
        )


def _tellings(lot: Lot, concerned: Concerned) -> list[Telling]:
    values = {"lot": lot.title, "lot_id": str(lot.id), "until": lot.needs_close_at}
    pairs = (("lot_reminder_unfinished", concerned.unfinished), ("lot_reminder_missing", concerned.missing))
    return [Telling(template, values, establishment_ids=ids) for template, ids in pairs if ids]


_WEEK = text("""
SELECT v.organisation_id AS centre_id, count(*) AS open,
       count(*) FILTER (WHERE l.needs_close_at <= :soon) AS closing,
       count(*) FILTER (WHERE l.minimum_scope = 'lot' AND t.firm + t.conditional < l.minimum_quantity
           OR l.minimum_scope = 'grappe' AND EXISTS (
               SELECT FROM lot_grappe_totals g WHERE g.lot_id = l.id AND g.members > 0
                 AND g.firm + g.conditional < l.minimum_quantity)) AS short,
       COALESCE(sum((SELECT count(*) FROM need_versions n WHERE n.lot_id = l.id AND n.changed_at >= :since)), 0) AS needs
FROM lots l JOIN vehicles v ON v.id = l.vehicle_id JOIN lot_totals t ON t.lot_id = l.id
WHERE l.opened_at IS NOT NULL AND l.closed_at IS NULL AND l.cancelled_at IS NULL AND v.cancelled_at IS NULL
  AND l.needs_close_at > :now
  AND NOT EXISTS (SELECT FROM centre_summaries s WHERE s.organisation_id = v.organisation_id AND s.week = :week)
GROUP BY v.organisation_id ORDER BY v.organisation_id
""")


def send_summaries(now: datetime) -> int:
    """Tell each centre with open lots its week, once, from Monday 7 h in Paris on; how many centres. For the scheduler."""
    week = summary_week(now)
    if week is None:
        return 0
    values = {"now": now, "week": week, "since": now - timedelta(days=7), "soon": now + timedelta(days=15)}
    due = db.session.execute(_WEEK, values).mappings().all()
    return sum(_send_summary(dict(row), week, now) for row in due)


def _send_summary(row: dict[str, Any], week: Any, now: datetime) -> bool:
    with transaction() as session:
        note = insert(CentreSummary).values(organisation_id=row["centre_id"], week=week, sent_at=now)
        if session.execute(note.on_conflict_do_nothing().returning(CentreSummary.week)).one_or_none() is None:
            return False
        values = {name: int(row[name]) for name in ("open", "closing", "short", "needs")}
        tell(session, template="centre_week", values=values, organisation_ids=[row["centre_id"]])
    return True


def may_remind(actor: Actor) -> bool:
    """Whether the actor may remind on some lot of its own centres, so that the button is worth drawing."""
    return bool(own_centres(actor) & actor.organisation_ids(("admin", "buyer"), kind="purchasing_centre"))
