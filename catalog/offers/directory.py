"""The directory of providers: read across profiles, certificates and offers, hence in the highest room of the catalogue."""
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from catalog.certifications.models import Certificate, CertificateVersion
from catalog.certifications.queries import JOINS_VERSION, is_valid
from catalog.offers.models import Offer
from catalog.providers.models import Provider
from catalog.providers.queries import standing_of, visible_providers
from marketplace.establishments.rules import fold
from marketplace.platform import clock
from marketplace.platform.pagination import USUAL_PAGE, paginate
from marketplace.platform.permissions import Actor


@dataclass(frozen=True)
class ListedProvider:
    """A provider in the directory: its profile, its standing today, what it sells and proves today (codes)."""

    row: Provider
    state: str
    categories: tuple[str, ...]
    certificates: tuple[str, ...]

    def __getattr__(self, name: str) -> Any:
        return getattr(self.row, name)


def list_providers(
    session: Session, actor: Actor, *, category: str | None = None, certificate: str | None = None,
    region: str | None = None, q: str | None = None, limit: int = USUAL_PAGE, cursor: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """A page of visible providers by name; three statements, whatever their number.

    `category`: has a published offer in it; `certificate`: scheme held, verified and valid today; `region`: INSEE code
    served; `q`: words of name and description, without accents.
    """
    statement = visible_providers(actor)
    if category:
        offers = exists().where(
            Offer.provider_id == Provider.id, Offer.category_code == category, Offer.status == "published"
        )
        statement = statement.where(offers)
    if certificate:
        valid = (
            select(Certificate.provider_id)
            .outerjoin(CertificateVersion, JOINS_VERSION)
            .where(Certificate.scheme == certificate, Certificate.subcontractor_id.is_(None), is_valid(clock.today()))
        )
        statement = statement.where(Provider.id.in_(valid))
    if region:
        statement = statement.where(Provider.regions.contains([region]))
    for word in fold(q or "").split():
        statement = statement.where(Provider.search_text.contains(word, autoescape=True))
    page = paginate(session, statement, [Provider.name, Provider.id], limit=limit, cursor=cursor)
    return {"items": list_of(session, page["items"]), "next": page["next"]}


def list_of(session: Session, providers: Sequence[Provider]) -> list[ListedProvider]:
    """The same providers with what they sell and prove today: two statements."""
    ids = [provider.id for provider in providers]
    sells = _codes(
        session,
        select(Offer.provider_id, func.array_agg(Offer.category_code.distinct()))
        .where(Offer.provider_id.in_(ids), Offer.status == "published")
        .group_by(Offer.provider_id),
    )
    proves = _codes(
        session,
        select(Certificate.provider_id, func.array_agg(Certificate.scheme.distinct()))
        .outerjoin(CertificateVersion, JOINS_VERSION)
        .where(Certificate.provider_id.in_(ids), Certificate.subcontractor_id.is_(None), is_valid(clock.today()))
        .group_by(Certificate.provider_id),
    )
    today = clock.today()
    return [
        ListedProvider(p, standing_of(p).on(today), sells.get(p.id, ()), proves.get(p.id, ())) for p in providers
    ]


def _codes(session: Session, statement: Any) -> dict[UUID, tuple[str, ...]]:
    return {provider_id: tuple(sorted(codes)) for provider_id, codes in session.execute(statement)}
