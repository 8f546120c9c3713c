"""What certificates ask of the rooms that buy."""
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from marketplace.platform.events import Announcement


@dataclass(frozen=True)
class LotsRelyingOn(Announcement):
    """Question: which open lots require one of these schemes, in a category where this provider publishes an offer?

    Answers are RelyingLot.
    """

    provider_id: UUID
    schemes: tuple[str, ...]


@dataclass(frozen=True)
class RelyingLot:
    """An open lot that relies on a certificate: the centre that runs it, and the last day of its contracts."""

    organisation_id: UUID
    lot_id: UUID
    title: str
    ends_on: date
