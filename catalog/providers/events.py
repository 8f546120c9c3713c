"""What providers announce to the rooms above."""
from dataclasses import dataclass
from uuid import UUID

from marketplace.platform.events import Announcement


@dataclass(frozen=True)
class ProviderChanged(Announcement):
    """What a provider says or proves has just changed: profile, standing, subcontractors or certificates."""

    provider_id: UUID


@dataclass(frozen=True)
class CertificateRulesChanged(Announcement):
    """Schemes, versions or their windows have just changed: what every provider proves may differ."""
