"""What notifications ask of higher rooms."""
from dataclasses import dataclass
from uuid import UUID

from marketplace.platform.events import Announcement


@dataclass(frozen=True)
class OrganisationsOf(Announcement):
    """Question: which organisations run these establishments? Answers are organisation ids."""

    establishment_ids: tuple[UUID, ...]
