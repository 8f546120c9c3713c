"""Whom a grappe tells what: steps that write notifications in the act's transaction (wordings: messages.py)."""
from collections.abc import Iterable
from datetime import date
from uuid import UUID

from sqlalchemy.orm import Session

from marketplace.establishments.models import Establishment
from marketplace.grappes import messages as messages
from marketplace.grappes import queries
from marketplace.grappes.models import Grappe
from marketplace.notifications.services import tell


def invited(session: Session, grappe: Grappe, establishment: Establishment) -> None:
    """To the invited establishment."""
    _tell(session, "grappe_invited", grappe, [establishment.organisation_id], establishment)


def requested(session: Session, grappe: Grappe, establishment: Establishment, coordinator_id: UUID) -> None:
    """To the coordinator."""
    _tell(session, "grappe_requested", grappe, [coordinator_id], establishment)


def pending_ended(
    session: Session, grappe: Grappe, establishment: Establishment, pending: str, ending: str, organisation_id: UUID
) -> None:
    """To the other side of an invitation or a request that came to nothing."""
    withdrawn = "grappe_invitation_withdrawn" if pending == "invited" else "grappe_request_withdrawn"
    code = {"declined": "grappe_declined", "refused": "grappe_refused", "withdrawn": withdrawn}[ending]
    _tell(session, code, grappe, [organisation_id], establishment)


def joined(session: Session, grappe: Grappe, establishment: Establishment) -> None:
    """To every member, with how far the grappe is from its quorum."""
    members = queries.count_members(session, grappe.id)
    _tell(
        session, "grappe_joined", grappe, _members(session, grappe), establishment,
        members=members, quorum=grappe.quorum,
    )  # fmt: skip


def charter_amended(session: Session, grappe: Grappe) -> None:
    """To those who were invited and may have read the former text."""
    invited_ones = queries.list_member_organisations(session, grappe.id, ("invited",))
    _tell(session, "grappe_charter_amended", grappe, invited_ones)


def activated(session: Session, grappe: Grappe) -> None:
    """To every member."""
    _tell(session, "grappe_activated", grappe, _members(session, grappe))


def handed_over(session: Session, grappe: Grappe, establishment: Establishment) -> None:
    """To every member."""
    _tell(session, "grappe_handed_over", grappe, _members(session, grappe), establishment)


def leaving(session: Session, grappe: Grappe, establishment: Establishment, leaves_on: date) -> None:
    """To every member, the leaving one included."""
    told = [*_members(session, grappe), establishment.organisation_id]
    _tell(session, "grappe_leaving", grappe, told, establishment, leaves_on=leaves_on)


def staying(session: Session, grappe: Grappe, establishment: Establishment) -> None:
    """To every member."""
    _tell(session, "grappe_staying", grappe, _members(session, grappe), establishment)


def left(session: Session, grappe: Grappe, establishment: Establishment) -> None:
    """To every remaining member and to the one that left."""
    _tell(session, "grappe_left", grappe, [*_members(session, grappe), establishment.organisation_id], establishment)


def excluded(session: Session, grappe: Grappe, establishment: Establishment, reason: str) -> None:
    """To every remaining member and to the excluded one: all read the reason."""
    told = [*_members(session, grappe), establishment.organisation_id]
    _tell(session, "grappe_excluded", grappe, told, establishment, reason=reason)


def dissolved(session: Session, grappe: Grappe, organisation_ids: Iterable[UUID]) -> None:
    """To everybody who was in, invited, or waiting for an answer."""
    _tell(session, "grappe_dissolved", grappe, organisation_ids, reason=grappe.dissolution_reason)


def _members(session: Session, grappe: Grappe) -> list[UUID]:
    return queries.list_member_organisations(session, grappe.id)


def _tell(
    session: Session, code: str, grappe: Grappe, organisation_ids: Iterable[UUID],
    establishment: Establishment | None = None, **values: object,
) -> None:  # fmt: skip
    told = sorted(set(organisation_ids))
    if not told:
        return
    about: dict[str, object] = {"grappe": grappe.name, "grappe_id": grappe.id}
    if establishment is not None:
        about |= {"establishment": establishment.name, "establishment_id": establishment.id}
    tell(session, template=code, values={**about, **values}, organisation_ids=told)
