"""Reads of provider profiles: verified ones are seen by everybody, others by their own people and the operator."""
from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session

from catalog.providers.models import HostingSite, Provider, ProviderCapacity, Subcontractor
from catalog.providers.rules import Standing
from marketplace.accounts.models import Organisation
from marketplace.categories.models import ServiceCategory
from marketplace.platform.errors import NotFound
from marketplace.platform.pagination import USUAL_PAGE, paginate
from marketplace.platform.permissions import Actor


def visible_providers(actor: Actor) -> Select[Provider]:
    """Providers the actor may see; nobody signed in sees the verified ones."""
    statement = select(Provider)
    if actor.is_system or actor.is_operator:
        return statement
    own = actor.organisation_ids(kind="provider")
    return statement.where(or_(Provider.verified_at.is_not(None), Provider.organisation_id.in_(own)))


def get_provider(session: Session, actor: Actor, provider_id: UUID) -> Provider:
    """The provider; NotFound when there is none or the actor may not see it."""
    provider = session.scalars(visible_providers(actor).where(Provider.id == provider_id)).one_or_none()
    if provider is None:
        raise NotFound("provider")
    return provider


def get_own_profile(session: Session, actor: Actor, provider_id: UUID) -> Provider:
    """A provider of the actor's own, or any for the operator; NotFound for everybody else."""
    provider = get_provider(session, actor, provider_id)
    if not actor.is_operator and provider.organisation_id not in actor.organisation_ids(kind="provider"):
        raise NotFound("provider")
    return provider


def list_own_providers(session: Session, actor: Actor) -> list[Provider]:
    """The profiles of the provider organisations the actor sits in, by name."""
    own = actor.organisation_ids(kind="provider")
    return list(session.scalars(select(Provider).where(Provider.organisation_id.in_(own)).order_by(Provider.name)))


def list_subcontractors(session: Session, provider: Provider) -> list[Subcontractor]:
    """The running subcontractors of a provider, by name."""
    running = select(Subcontractor).where(Subcontractor.provider_id == provider.id, Subcontractor.ended_at.is_(None))
    return list(session.scalars(running.order_by(Subcontractor.name, Subcontractor.id)))


def get_subcontractor(session: Session, provider: Provider, subcontractor_id: UUID) -> Subcontractor:
    """A running subcontractor of this provider; NotFound for any other."""
    found = {each.id: each for each in list_subcontractors(session, provider)}
    if subcontractor_id not in found:
        raise NotFound("subcontractor")
    return found[subcontractor_id]


def list_sites(session: Session, provider: Provider) -> list[HostingSite]:
    """The running hosting sites of a provider, by name."""
    running = select(HostingSite).where(HostingSite.provider_id == provider.id, HostingSite.ended_at.is_(None))
    return list(session.scalars(running.order_by(HostingSite.name, HostingSite.id)))


def get_site(session: Session, provider: Provider, site_id: UUID) -> HostingSite:
    """A running hosting site of this provider; NotFound for any other."""
    found = {each.id: each for each in list_sites(session, provider)}
    if site_id not in found:
        raise NotFound("hosting_site")
    return found[site_id]


def list_waiting(session: Session, *, limit: int = USUAL_PAGE, cursor: str | None = None) -> dict[str, Any]:
    """A page of (provider, its organisation) that wait for the platform's decision, oldest first."""
    waiting = (
        select(Provider, Organisation)
        .join(Organisation, Organisation.id == Provider.organisation_id)
        .where(Provider.verified_at.is_(None), Provider.refused_at.is_(None))
    )
    return paginate(session, waiting, [Provider.created_at, Provider.id], limit=limit, cursor=cursor)


def organisation_of(session: Session, provider: Provider) -> Organisation:
    """The legal person behind a profile."""
    return session.get_one(Organisation, provider.organisation_id)


def list_capacities(session: Session, provider: Provider) -> list[tuple[ServiceCategory, int]]:
    """The categories in which a provider declares a limit, in display order, with its units."""
    rows = session.execute(
        select(ServiceCategory, ProviderCapacity.quantity)
        .join(ProviderCapacity, ProviderCapacity.category_code == ServiceCategory.code)
        .where(ProviderCapacity.provider_id == provider.id)
        .order_by(ServiceCategory.position, ServiceCategory.code)
    )
    return [(category, quantity) for category, quantity in rows]


def capacities_of(session: Session, provider_ids: Collection[UUID]) -> Mapping[UUID, Mapping[tuple[str, str], int]]:
    """By provider, the limits it declares by (category, the category's unit); one statement."""
    found: dict[UUID, dict[tuple[str, str], int]] = {}
    rows = session.execute(
        select(ProviderCapacity, ServiceCategory.unit)
        .join(ServiceCategory, ServiceCategory.code == ProviderCapacity.category_code)
        .where(ProviderCapacity.provider_id.in_(provider_ids))
    )
    for row, unit in rows:
        found.setdefault(row.provider_id, {})[row.category_code, unit] = row.quantity
    return found


def sees_contact(actor: Actor, provider: Provider) -> bool:
    """Whether the actor reads whom to ask: its own people, buyers, authorities and the operator; never a rival."""
    if actor.is_operator or provider.organisation_id in actor.organisation_ids():
        return True
    return not actor.has_kind("provider") and bool(actor.seats)


def standing_of(provider: Provider) -> Standing:
    """What the platform decided, as the rules read it."""
    return Standing(provider.verified_at is not None, provider.refused_at is not None, provider.suspended_until)
