"""What anybody may see of those who sell: verified providers and the certificates that hold today."""
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from catalog.certifications.models import Certificate, CertificateScheme, CertificateVersion
from catalog.certifications.queries import JOINS_VERSION, is_valid, scheme_name
from catalog.providers.models import Provider
from marketplace.platform import clock
from marketplace.platform.i18n import language


@dataclass(frozen=True)
class PublicProvider:
    """A verified provider and the schemes it holds a running, verified certificate of."""

    id: UUID
    name: str
    schemes: list[str]


def list_public_providers(session: Session, limit: int = 8) -> list[PublicProvider]:
    """Verified providers that are not suspended, those with most certificates first; one statement."""
    today = clock.today()
    held = (
        select(Certificate.provider_id, scheme_name(language()).label("scheme"))
        .join(CertificateScheme, CertificateScheme.code == Certificate.scheme)
        .outerjoin(CertificateVersion, JOINS_VERSION)
        .where(is_valid(today))
        .distinct()
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
