"""What certificates ask of the rooms that buy."""
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from marketplace.platform.events import Announcement


@dataclass(frozen=True)
class LotsRelyingOn(Announcement):
    """Question: who relies on certificates of these schemes of this provider?

    Open lots that require one, in a category where it publishes an offer, and running contracts with it whose
    requirements name one. Answers are RelyingLot.
    """

    provider_id: UUID
    schemes: tuple[str, ...]


@dataclass(frozen=True)
class RelyingLot:
    """An open lot, or a contract, that relies on a certificate, and those to tell.

    `organisation_id` is the centre that runs it, `grappe_organisation_ids` the coordinators' organisations of the grappes
    that bring needs to it. `ends_on` is the last day of the lot's contracts, or of this contract (`contract_id`).
    `schemes` are those of the question that it relies on.
    """

    organisation_id: UUID
    lot_id: UUID
    title: str
    ends_on: date
    grappe_organisation_ids: tuple[UUID, ...] = ()
    contract_id: UUID | None = None
    schemes: tuple[str, ...] = ()
