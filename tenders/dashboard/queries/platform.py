"""What the operator and an authority see: what waits to be checked, and how far pooling reaches in each region."""
from dataclasses import dataclass

from sqlalchemy import and_, exists, func, select
from sqlalchemy.orm import Session

from catalog.certifications.models import Certificate
from catalog.offers.models import Offer
from catalog.providers.models import Provider
from marketplace.accounts.models import Organisation, User
from marketplace.establishments.models import Establishment
from marketplace.grappes.models import INSIDE, Grappe, GrappeMembership
from marketplace.platform import clock
from tenders.vehicles.models import Lot

PRIVATE = ("private_for_profit", "private_nonprofit")


@dataclass(frozen=True)
class Queues:
    """How many rows wait for the operator, and how large the place is."""

    certificates: int
    providers: int
    establishments: int
    organisations: int
    users: int
    grappes: int
    open_lots: int


def count_queues(session: Session) -> Queues:
    """All counts in one statement."""
    waiting_certificate = and_(
        Certificate.verified_at.is_(None), Certificate.rejected_at.is_(None), Certificate.withdrawn_at.is_(None),
        Certificate.valid_until >= clock.today(),
    )  # fmt: skip
    waiting_provider = and_(Provider.verified_at.is_(None), Provider.refused_at.is_(None))
    counted = (
        select(func.count()).select_from(Certificate).where(waiting_certificate),
        select(func.count()).select_from(Provider).where(waiting_provider),
        select(func.count()).select_from(Establishment),
        select(func.count()).select_from(Organisation),
        select(func.count()).select_from(User).where(User.disabled_at.is_(None)),
        select(func.count()).select_from(Grappe).where(Grappe.status == "active"),
        select(func.count()).select_from(Lot).where(Lot.status == "open"),
    )
    row = session.execute(select(*(count.scalar_subquery() for count in counted))).one()
    return Queues(*row)


@dataclass(frozen=True)
class Coverage:
    """One region: private establishments, those inside an active grappe, providers that serve it with an offer."""

    region: str
    establishments: int
    in_grappe: int
    providers: int


def list_coverage(session: Session) -> list[Coverage]:
    """Every region with private establishments; two statements."""
    inside = exists(
        select(GrappeMembership.id)
        .join(Grappe, Grappe.id == GrappeMembership.grappe_id)
        .where(
            GrappeMembership.establishment_id == Establishment.id,
            GrappeMembership.status.in_(INSIDE),
            Grappe.status == "active",
        )
        .correlate(Establishment)
    )
    rows = session.execute(
        select(Establishment.region, func.count(), func.count().filter(inside))
        .where(Establishment.sector.in_(PRIVATE), Establishment.closed_on.is_(None), Establishment.region.is_not(None))
        .group_by(Establishment.region)
        .order_by(Establishment.region)
    ).all()
    has_offer = exists(select(Offer.id).where(Offer.provider_id == Provider.id, Offer.status == "published"))
    served = func.unnest(Provider.regions).label("region")
    sellers = (
        select(Provider.id, served).where(Provider.verified_at.is_not(None), has_offer).subquery()
    )
    counted = session.execute(select(sellers.c.region, func.count()).group_by(sellers.c.region))
    providers: dict[str, int] = {region: count for region, count in counted}  # noqa: C416 - rows are not pairs to mypy
    return [Coverage(region, count, joined, providers.get(region, 0)) for region, count, joined in rows if region]
