"""What anybody may see of those who sell: verified providers and the certificates that hold today."""
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import any_, func, or_, select
from sqlalchemy.orm import Session

from catalog.certifications.models import CertificateScheme
from catalog.certifications.queries import scheme_name
from catalog.offers.directory import set_on
from catalog.offers.search.models import ListingSet, ProviderListing
from catalog.providers.models import Provider
from marketplace.platform import clock
from marketplace.platform.i18n import language


@dataclass(frozen=True)
class PublicProvider:
    """A verified provider and the schemes it holds today, as the certificate rule says."""

    id: UUID
    name: str
    schemes: list[str]


def list_public_providers(session: Session, limit: int = 8) -> list[PublicProvider]:
    """Verified providers that are not suspended, those with most certificates first; one statement."""
    today = clock.today()
    held = (
        select(ProviderListing.provider_id, scheme_name(language()).label("scheme"))
        .join(ListingSet, ListingSet.id == set_on(today))
        .join(CertificateScheme, CertificateScheme.code == any_(ListingSet.members))
        .subquery()
    )
    schemes = func.array_remove(func.array_agg(held.c.scheme), None)
    rows = session.execute(
        select(Provider.id, Provider.name, schemes)
        .outerjoin(held, held.c.provider_id == Provider.id)
        .where(
            Provider.verified_at.is_not(None),
            or_(Provider.suspended_until.is_(None), Provider.suspended_until < today),
        )
        .group_by(Provider.id, Provider.name)
        .order_by(func.count(held.c.scheme).desc(), Provider.name)
        .limit(limit)
    )
    return [PublicProvider(provider_id, name, sorted(names)) for provider_id, name, names in rows]
