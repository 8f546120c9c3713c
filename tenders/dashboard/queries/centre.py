"""What a purchasing centre sees across its lots: volumes by region, what moved, certificates that end too early."""
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from catalog.certifications.models import Certificate, CertificateScheme
from catalog.certifications.queries import scheme_name
from catalog.certifications.rules.coverage import Period
from catalog.offers.models import Offer
from catalog.providers.models import Provider
from marketplace.establishments.models import Establishment
from marketplace.grappes.models import Grappe, GrappeMembership
from marketplace.platform import clock
from marketplace.platform.i18n import language
from marketplace.platform.permissions import Actor
from tenders.demand.models import Need
from tenders.vehicles.models import Lot, Vehicle


def volumes_by_region(session: Session, actor: Actor, category_code: str) -> dict[str, int]:
    """Counted units of one category on the centre's open lots, by INSEE code of the establishments' region."""
    rows = session.execute(
        select(Establishment.region, func.sum(Need.quantity))
        .select_from(Need)
        .join(Establishment, Establishment.id == Need.establishment_id)
        .join(Lot, Lot.id == Need.lot_id)
        .join(Vehicle, Vehicle.id == Lot.vehicle_id)
        .where(
            Vehicle.organisation_id.in_(actor.organisation_ids(kind="purchasing_centre")),
            Lot.category_code == category_code,
            Lot.status == "open",
            Need.status == "counted",
            Establishment.region.is_not(None),
        )
        .group_by(Establishment.region)
    )
    return {region: int(total) for region, total in rows if region is not None}


@dataclass(frozen=True)
class Move:
    """Units signed on a lot since a moment, by how many establishments."""

    lot_id: UUID
    title: str
    unit: str
    quantity: int
    establishments: int


def list_moves(session: Session, actor: Actor, since: datetime) -> list[Move]:
    """Firm needs signed since then on the centre's lots, the largest first."""
    total = func.sum(Need.quantity)
    rows = session.execute(
        select(Lot.id, Lot.title, Lot.unit, total, func.count())
        .join(Need, Need.lot_id == Lot.id)
        .join(Vehicle, Vehicle.id == Lot.vehicle_id)
        .where(
            Vehicle.organisation_id.in_(actor.organisation_ids(kind="purchasing_centre")),
            Need.signed_at >= since,
            Need.status.in_(("counted", "waitlisted")),
        )
        .group_by(Lot.id)
        .order_by(total.desc(), Lot.id)
        .limit(6)
    )
    return [Move(lot_id, title, unit, int(units), count) for lot_id, title, unit, units, count in rows]


@dataclass(frozen=True)
class Departure:
    """An establishment that gave notice to a grappe with needs on the centre's lots."""

    establishment: str
    grappe: str
    leaves_on: date | None
    title: str
    unit: str
    quantity: int


def list_departures(session: Session, actor: Actor) -> list[Departure]:
    """Running notices that will take units away from the centre's open lots, the next first."""
    rows = session.execute(
        select(
            Establishment.name, Grappe.name, GrappeMembership.leaves_on, Lot.title, Lot.unit, Need.quantity
        )
        .select_from(GrappeMembership)
        .join(Establishment, Establishment.id == GrappeMembership.establishment_id)
        .join(Grappe, Grappe.id == GrappeMembership.grappe_id)
        .join(Need, and_(Need.establishment_id == Establishment.id, Need.grappe_id == Grappe.id))
        .join(Lot, Lot.id == Need.lot_id)
        .join(Vehicle, Vehicle.id == Lot.vehicle_id)
        .where(
            GrappeMembership.status == "leaving",
            Need.status == "counted",
            Lot.status == "open",
            Vehicle.organisation_id.in_(actor.organisation_ids(kind="purchasing_centre")),
        )
        .order_by(GrappeMembership.leaves_on, Establishment.name)
        .limit(6)
    )
    return [Departure(*row) for row in rows]


@dataclass(frozen=True)
class EndingCertificate:
    """A verified certificate that a lot requires and that ends before the vehicle does."""

    provider_id: UUID
    provider: str
    scheme: str
    valid_until: date
    vehicle: str
    month: int
    months: int


def list_ending_certificates(session: Session, actor: Actor, limit: int = 10) -> list[EndingCertificate]:
    """Certificates of providers with a published offer for a lot that ends inside its vehicle's term, next first."""
    needed = Lot.requirements["certificates"].contains(func.to_jsonb(Certificate.scheme))
    rows = session.execute(
        select(
            Provider.id, Provider.name, scheme_name(language()), Certificate.valid_until,
            Vehicle.name, Vehicle.starts_on, Vehicle.ends_on,
        )
        .select_from(Lot)
        .join(Vehicle, Vehicle.id == Lot.vehicle_id)
        .join(Offer, and_(Offer.category_code == Lot.category_code, Offer.status == "published"))
        .join(Provider, Provider.id == Offer.provider_id)
        .join(Certificate, and_(Certificate.provider_id == Provider.id, needed))
        .join(CertificateScheme, CertificateScheme.code == Certificate.scheme)
        .where(
            Vehicle.organisation_id.in_(actor.organisation_ids(kind="purchasing_centre")),
            Lot.status.in_(("open", "closed")),
            Certificate.verified_at.is_not(None),
            Certificate.withdrawn_at.is_(None),
            Certificate.valid_until >= clock.today(),
            Certificate.valid_until < Vehicle.ends_on,
        )
        .distinct()
        .order_by(Certificate.valid_until, Provider.name, Vehicle.name)
        .limit(limit)
    )  # fmt: skip
    ending = []
    for provider_id, provider, scheme, until, vehicle, starts_on, ends_on in rows:
        term = Period(starts_on, ends_on)
        ending.append(
            EndingCertificate(provider_id, provider, scheme, until, vehicle, max(1, term.month_of(until)), term.months)
        )
    return ending
