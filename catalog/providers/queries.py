"""Reads of provider profiles: verified ones are seen by everybody, others by their own people and the operator."""
from typing import Any
from uuid import UUID

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session

from catalog.providers.models import HostingSite, Provider, Subcontractor
from catalog.providers.rules import Standing
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
    """A page of providers that wait for the platform's decision, oldest first."""
    waiting = select(Provider).where(Provider.verified_at.is_(None), Provider.refused_at.is_(None))
    return paginate(session, waiting, [Provider.created_at, Provider.id], limit=limit, cursor=cursor)


def standing_of(provider: Provider) -> Standing:
    """What the platform decided, as the rules read it."""
    return Standing(provider.verified_at is not None, provider.refused_at is not None, provider.suspended_until)
