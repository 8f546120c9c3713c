"""Reads of studies: those of the reader's own centre or grappe, and those a coordinator shared with the centre."""
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, false, func, or_, select
from sqlalchemy.orm import Session

from catalog.offers.models import Offer
from catalog.providers.models import Provider
from marketplace.accounts.models import Organisation
from marketplace.establishments.models import Establishment
from marketplace.grappes.models import Grappe
from marketplace.platform.errors import NotFound
from marketplace.platform.pagination import USUAL_PAGE, paginate
from marketplace.platform.permissions import Actor
from tenders.composition.studies.models import StandAlonePrice, Study, StudyPlace, StudyPurchase
from tenders.vehicles.models import Vehicle

SHOWN = 100
"""Studies in a list, the newest first; older ones are reached by their address."""


@dataclass(frozen=True)
class PurchaseLine:
    """A proposed purchase with who would serve it."""

    purchase: StudyPurchase
    provider_id: UUID
    provider: str
    offer_title: str


def visible_to(actor: Actor) -> ColumnElement[bool]:
    """The rows of `studies` this reader may see."""
    if actor.is_system:
        return Study.id == Study.id
    centres = actor.organisation_ids(kind="purchasing_centre")
    care = actor.organisation_ids(kind="care_operator")
    # A grappe's study is its coordinator's of today, whoever asked it.
    coordinated = (
        select(Grappe.id)
        .join(Establishment, Establishment.id == Grappe.coordinator_establishment_id)
        .where(Establishment.organisation_id.in_(care))
    )
    own = and_(Study.grappe_id.is_(None), Study.organisation_id.in_(centres))
    return or_(own, Study.grappe_id.in_(coordinated), Study.shared_with_id.in_(centres)) if centres or care else false()


def list_studies(session: Session, actor: Actor) -> Sequence[Any]:
    """(Study, name of who asked, grappe's name or None), the newest first; one statement."""
    statement = (
        select(Study, Organisation.name.label("organisation"), Grappe.name.label("grappe"))
        .join(Organisation, Organisation.id == Study.organisation_id)
        .outerjoin(Grappe, Grappe.id == Study.grappe_id)
        .where(visible_to(actor))
        .order_by(Study.id.desc())
        .limit(SHOWN)
    )
    return session.execute(statement).all()


def get_study(session: Session, actor: Actor, study_id: UUID) -> Study:
    """The study, when the reader may see it; NotFound otherwise."""
    study = session.scalars(select(Study).where(Study.id == study_id, visible_to(actor))).one_or_none()
    if study is None:
        raise NotFound("study")
    return study


def list_purchases(session: Session, study_ids: Collection[UUID]) -> list[PurchaseLine]:
    """The proposed purchases of these studies, in order; one statement."""
    statement = (
        select(StudyPurchase, Provider.id, Provider.name, Offer.title)
        .join(Offer, Offer.id == StudyPurchase.offer_id)
        .join(Provider, Provider.id == Offer.provider_id)
        .where(StudyPurchase.study_id.in_(study_ids))
        .order_by(StudyPurchase.study_id, StudyPurchase.number)
    )
    return [PurchaseLine(*row) for row in session.execute(statement)]


def select_places(study_id: UUID, purchase: int | None = None, *, outside: bool = False) -> Any:
    """(StudyPlace, establishment's name, id) of a study, of one purchase, or of who stays outside."""
    statement = (
        select(StudyPlace, Establishment.name.label("name"), Establishment.id.label("id"))
        .join(Establishment, Establishment.id == StudyPlace.establishment_id)
        .where(StudyPlace.study_id == study_id)
    )
    if outside:
        return statement.where(StudyPlace.purchase.is_(None))
    return statement if purchase is None else statement.where(StudyPlace.purchase == purchase)


def page_of_places(
    session: Session, study_id: UUID, *, purchase: int | None = None, outside: bool = False, limit: int = USUAL_PAGE,
    cursor: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """One page of places by establishment's name."""
    statement = select_places(study_id, purchase, outside=outside)
    columns = [Establishment.name.label("name"), Establishment.id.label("id"), StudyPlace.category_code]
    return paginate(session, statement, columns, limit=limit, cursor=cursor)


def count_by_region(session: Session, study_id: UUID) -> dict[str, int]:
    """Establishments placed in a purchase, by region."""
    statement = (
        select(StudyPlace.region, func.count())
        .where(StudyPlace.study_id == study_id, StudyPlace.purchase.is_not(None))
        .group_by(StudyPlace.region)
    )
    return {region or "": count for region, count in session.execute(statement)}


def subject_of(session: Session, study: Study) -> str:
    """Whose needs were studied: the grappe's name, or the centre's."""
    if study.grappe_id is not None:
        return session.get_one(Grappe, study.grappe_id).name
    return session.get_one(Organisation, study.organisation_id).name


def names_of_shocks(session: Session, effects: Collection[dict[str, Any]]) -> dict[str, str]:
    """What the providers and establishments hit by shocks are called, by the shock's subject; two statements."""
    subjects = {kind: [one["subject"] for one in effects if one["kind"] == kind] for kind in ("provider_lost", "member_lost")}
    providers = select(Provider.id, Provider.name).where(Provider.id.in_([UUID(one) for one in subjects["provider_lost"]]))
    sites = {one: UUID(one.partition(":")[0]) for one in subjects["member_lost"]}
    members = select(Establishment.id, Establishment.name).where(Establishment.id.in_(sites.values()))
    named = {row.id: row.name for statement in (providers, members) for row in session.execute(statement)}
    return {str(key): name for key, name in named.items()} | {one: named[site] for one, site in sites.items() if site in named}


@dataclass(frozen=True)
class Counts:
    """How many needs a study holds, how many are in a purchase, outside, and without a stated stand-alone price."""

    needs: int
    inside: int
    outside: int
    without_price: int


def counts_of(session: Session, study_id: UUID) -> Counts:
    """The study's needs counted; one statement."""
    row = session.execute(
        select(
            func.count(),
            func.count(StudyPlace.purchase),
            func.count().filter(StudyPlace.purchase.is_(None)),
            func.count().filter(StudyPlace.alone_unit_price.is_(None)),
        ).where(StudyPlace.study_id == study_id)
    ).one()
    return Counts(*row)


def list_draft_vehicles(session: Session, actor: Actor) -> Sequence[Vehicle]:
    """Vehicles in preparation of the actor's own centres: where purchases may be accepted to."""
    centres = actor.organisation_ids(("admin", "buyer"), kind="purchasing_centre")
    statement = (
        select(Vehicle)
        .where(Vehicle.organisation_id.in_(centres), Vehicle.opened_at.is_(None), Vehicle.cancelled_at.is_(None))
        .order_by(Vehicle.name, Vehicle.id)
    )
    return session.scalars(statement).all()


def list_prices(session: Session, establishment_ids: Collection[UUID]) -> Sequence[StandAlonePrice]:
    """What these establishments said they pay alone."""
    statement = select(StandAlonePrice).where(StandAlonePrice.establishment_id.in_(establishment_ids))
    return session.scalars(statement.order_by(StandAlonePrice.establishment_id, StandAlonePrice.category_code)).all()
