"""What establishments answer to rooms that know only their ids."""
from typing import Protocol
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.establishments.models import Establishment


class Asked(Protocol):
    """A question about establishments."""

    establishment_ids: tuple[UUID, ...]


def organisations_of(session: Session, question: Asked) -> list[UUID]:
    """Step: ids of the organisations that run these establishments."""
    statement = select(Establishment.organisation_id).where(Establishment.id.in_(question.establishment_ids)).distinct()
    return list(session.scalars(statement))
