"""Reads of adhesions: a centre sees those to its vehicles, an organisation its own; and what a member would sign."""

from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session, contains_eager, joinedload

from marketplace.accounts.models import Organisation
from marketplace.categories.units import unit_word
from marketplace.platform.errors import NotFound
from marketplace.platform.pagination import USUAL_PAGE, paginate
from marketplace.platform.permissions import Actor
from tenders.contracts.adhesions.convention import (
    CONVENTION_VERSION,
    ConventionLot,
    ConventionTerms,
    convention_text,
    fingerprint,
)
from tenders.contracts.adhesions.models import Adhesion
from tenders.contracts.models import ContractMember
from tenders.vehicles.models import Vehicle
from tenders.vehicles.queries import centre_names


@dataclass(frozen=True)
class Convention:
    """What an organisation would sign today: the text, its version and SHA-256, and what it costs a year excluding VAT."""

    vehicle_id: UUID
    organisation_id: UUID
    version: int
    text: str
    sha256: str
    yearly_fee: Decimal | None


def visible_adhesions(actor: Actor) -> Select[Adhesion]:
    """Adhesions the actor may see, each with its organisation, its vehicle and its signed file."""
    statement = (
        select(Adhesion)
        .join(Adhesion.vehicle)
        .join(Adhesion.organisation)
        .options(contains_eager(Adhesion.vehicle), contains_eager(Adhesion.organisation), joinedload(Adhesion.signed_file))
    )
    if actor.is_system:
        return statement
    return statement.where(
        or_(
            Vehicle.organisation_id.in_(actor.organisation_ids(kind="purchasing_centre")),
            Adhesion.organisation_id.in_(actor.organisation_ids(kind="care_operator")),
        )
    )


def get_adhesion(session: Session, actor: Actor, adhesion_id: UUID) -> Adhesion:
    """The adhesion; NotFound when there is none or the actor may not see it."""
    found = session.scalars(visible_adhesions(actor).where(Adhesion.id == adhesion_id)).one_or_none()
    if found is None:
        raise NotFound("adhesion")
    return found


def list_adhesions(
    session: Session, actor: Actor, *, vehicle_id: UUID | None = None, limit: int = USUAL_PAGE, cursor: str | None = None
) -> dict[str, Any]:
    """A page of adhesions, ended ones too, the oldest first."""
    statement = visible_adhesions(actor)
    if vehicle_id is not None:
        statement = statement.where(Adhesion.vehicle_id == vehicle_id)
    return paginate(session, statement, [Adhesion.signed_at, Adhesion.id], limit=limit, cursor=cursor)


def find_running(session: Session, vehicle_id: UUID, organisation_id: UUID) -> Adhesion | None:
    """The organisation's adhesion to the vehicle that did not end."""
    running = (
        Adhesion.vehicle_id == vehicle_id, Adhesion.organisation_id == organisation_id, Adhesion.ended_at.is_(None)
    )  # fmt: skip
    return session.scalars(select(Adhesion).where(*running)).one_or_none()


def adhering(session: Session, vehicle_ids: Collection[UUID]) -> set[tuple[UUID, UUID]]:
    """Who adheres today to these vehicles: (vehicle, organisation); no statement when there is none to look at."""
    if not vehicle_ids:
        return set()
    running = (Adhesion.vehicle_id.in_(vehicle_ids), Adhesion.ended_at.is_(None))
    return {(row[0], row[1]) for row in session.execute(select(Adhesion.vehicle_id, Adhesion.organisation_id).where(*running))}


@dataclass(frozen=True)
class Standing:
    """Of the organisations that may order on a contract, how many adhere; `own` of the reader's, by name."""

    organisations: int
    adhering: int
    own: tuple[tuple[str, bool], ...]

    @property
    def lacking(self) -> int:
        """Organisations that did not adhere."""
        return self.organisations - self.adhering


def standing_on(session: Session, actor: Actor, contract_id: UUID, vehicle_id: UUID) -> Standing:
    """Whether the members of a contract adhered to its vehicle; two statements."""
    members = (
        select(Organisation.id, Organisation.name)
        .join(ContractMember, ContractMember.organisation_id == Organisation.id)
        .where(ContractMember.contract_id == contract_id, ContractMember.until.is_(None))
        .distinct()
        .order_by(Organisation.name, Organisation.id)
    )
    rows, known = session.execute(members).all(), adhering(session, [vehicle_id])
    mine = actor.organisation_ids(kind="care_operator")
    return Standing(
        organisations=len(rows),
        adhering=sum((vehicle_id, row.id) in known for row in rows),
        own=tuple((row.name, (vehicle_id, row.id) in known) for row in rows if row.id in mine),
    )


def convention_for(session: Session, vehicle: Vehicle, organisation_id: UUID) -> Convention:
    """The convention of a vehicle as an organisation would sign it today; bounds are those frozen at opening."""
    return conventions_for(session, vehicle, [organisation_id])[0][1]


def conventions_for(
    session: Session, vehicle: Vehicle, organisation_ids: Collection[UUID]
) -> list[tuple[Organisation, Convention]]:
    """The convention as each of these organisations would sign it, by name; as many statements for one as for many."""
    terms = _terms_of(session, vehicle)
    statement = select(Organisation).where(Organisation.id.in_(organisation_ids))
    found = []
    for organisation in session.scalars(statement.order_by(Organisation.name, Organisation.id)):
        text = convention_text(terms, organisation.name, organisation.siren or "")
        shown = Convention(
            vehicle.id, organisation.id, CONVENTION_VERSION, text, fingerprint(text), terms.yearly_fee
        )
        found.append((organisation, shown))
    return found


def _terms_of(session: Session, vehicle: Vehicle) -> ConventionTerms:
    lots = tuple(
        ConventionLot(lot.code, lot.title, unit_word(lot.unit, 2), lot.minimum_quantity, lot.maximum_quantity)
        for lot in sorted(vehicle.lots, key=lambda each: each.code)
    )
    return ConventionTerms(
        vehicle=vehicle.name, centre=centre_names(session, [vehicle])[vehicle.organisation_id], technique=vehicle.technique,
        regime=vehicle.regime, starts_on=vehicle.starts_on, ends_on=vehicle.ends_on,
        is_required=vehicle.requires_convention, yearly_fee=vehicle.membership_fee, lots=lots,
    )  # fmt: skip
