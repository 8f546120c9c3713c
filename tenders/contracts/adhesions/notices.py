"""Who is told of adhesions: the centre of the vehicle and the organisation that signed."""

from typing import Any

from sqlalchemy.orm import Session

from marketplace.notifications.services import tell
from tenders.contracts.adhesions import messages
from tenders.contracts.adhesions.models import Adhesion

messages.register_all()


def signed(session: Session, adhesion: Adhesion) -> None:
    """Step: who adheres, under which text."""
    _tell(session, adhesion, "adhesion_signed", {"sha256": adhesion.convention_sha256[:12]})


def ended(session: Session, adhesion: Adhesion) -> None:
    """Step: whose adhesion ended, and why."""
    _tell(session, adhesion, "adhesion_ended", {"reason": adhesion.end_reason})


def _tell(session: Session, adhesion: Adhesion, template: str, facts: dict[str, Any]) -> None:
    values = {
        "vehicle_id": str(adhesion.vehicle_id), "vehicle": adhesion.vehicle.name, "organisation": adhesion.organisation.name,
        **facts,
    }  # fmt: skip
    told = [adhesion.vehicle.organisation_id, adhesion.organisation_id]
    tell(session, template=template, values=values, organisation_ids=told)
