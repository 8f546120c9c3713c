"""Use cases of provider profiles: register, edit, verify or refuse. Steps are shared with the demo."""
from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.orm import Session

from catalog.providers import messages, queries, rules
from catalog.providers.events import ProviderChanged
from catalog.providers.models import Provider, ProviderCapacity
from marketplace.accounts import queries as accounts_queries
from marketplace.categories.queries import list_categories
from marketplace.establishments.rules import fold
from marketplace.establishments.territory import COLLECTIVITIES, REGIONS
from marketplace.notifications.services import tell
from marketplace.platform import audit, clock
from marketplace.platform.database import new_id, transaction
from marketplace.platform.errors import N_, RuleBroken, StaleVersion
from marketplace.platform.events import announce
from marketplace.platform.http import name_constraint
from marketplace.platform.permissions import Actor, require

messages.register_all()

ALREADY_REGISTERED = N_("Cette organisation a déjà une fiche de prestataire : ouvrez-la pour la modifier.")
TERRITORIES = {**REGIONS, **COLLECTIVITIES}
CONTACT = ("contact_name", "contact_email", "contact_phone")

name_constraint("uq_providers_organisation_id", "provider_already_registered", ALREADY_REGISTERED)


def add_provider(
    session: Session, *, organisation_id: UUID, name: str, description: str = "", regions: Collection[str] = (),
    delivery_modes: Collection[str] = (), capacities: Mapping[str, int] | None = None, **contact: str | None,
) -> Provider:  # fmt: skip
    """Step: the profile of a provider organisation, waiting to be verified. Regions are INSEE codes.

    `capacities`: category code → units it can deliver there; `contact`: the columns of that name.
    """
    rules.check_regions(regions, TERRITORIES)
    provider = Provider(
        id=new_id(), organisation_id=organisation_id, name=name, search_text=fold(f"{name} {description}"),
        description=description, regions=sorted(set(regions)), delivery_modes=sorted(set(delivery_modes)),
        **{name: _stripped(contact.get(name)) for name in CONTACT},
    )  # fmt: skip
    session.add(provider)
    session.flush()
    _write_capacities(session, provider, capacities or {})
    announce(session, ProviderChanged(provider.id))
    return provider


def register_provider(actor: Actor, *, organisation_id: UUID, **profile: Any) -> Provider:
    """Open the profile of an organisation of kind provider that the actor sits in."""
    with transaction() as session:
        organisation = accounts_queries.get_organisation(session, actor, organisation_id)
        require(actor, "provider.write", own=organisation.id)
        provider = add_provider(session, organisation_id=organisation.id, name=organisation.name, **profile)
        audit.record(
            session, actor, "provider.registered", "provider", provider.id, organisation_id=organisation.id,
            after=_facts(session, provider),
        )  # fmt: skip
    return provider


def edit_provider(
    actor: Actor, provider_id: UUID, changes: Mapping[str, Any], *, expected_version: int | None = None
) -> Provider:
    """Change one's own profile (description, regions, delivery modes, capacities, contact); what is not named stays."""
    with transaction() as session:
        provider = lock_provider(session, actor, provider_id)
        require(actor, "provider.write", own=provider.organisation_id)
        if expected_version is not None and expected_version != provider.version:
            raise StaleVersion(provider.version)
        rules.check_regions(changes.get("regions", ()), TERRITORIES)
        before = _facts(session, provider)
        provider.description = changes.get("description", provider.description)
        provider.regions = sorted(set(changes.get("regions", provider.regions)))
        provider.delivery_modes = sorted(set(changes.get("delivery_modes", provider.delivery_modes)))
        provider.search_text = fold(f"{provider.name} {provider.description}")
        for name in CONTACT:
            setattr(provider, name, _stripped(changes[name]) if name in changes else getattr(provider, name))
        if "capacities" in changes:
            _write_capacities(session, provider, changes["capacities"])
        provider.version += 1
        announce(session, ProviderChanged(provider.id))
        audit.record(
            session, actor, "provider.edited", "provider", provider.id, organisation_id=provider.organisation_id,
            before=before, after=_facts(session, provider),
        )  # fmt: skip
    return provider


def decide_provider(actor: Actor, provider_id: UUID, *, decision: str, reason: str | None = None) -> Provider:
    """The platform accepts a provider (`verify`) or refuses it with a reason (`refuse`); it may change its mind."""
    with transaction() as session:
        provider = lock_provider(session, actor, provider_id)
        require(actor, "provider.decide")
        rules.check_refusal(decision, reason)
        provider.verified_at = clock.now() if decision == "verify" else None
        provider.refused_at = clock.now() if decision == "refuse" else None
        provider.decision_reason = (reason or "").strip() or None
        provider.version += 1
        announce(session, ProviderChanged(provider.id))
        notify(session, provider, f"provider_{decision}", reason=sentence_of(provider.decision_reason))
        audit.record(
            session, actor, f"provider.{decision}", "provider", provider.id, organisation_id=provider.organisation_id,
            after={"reason": provider.decision_reason},
        )  # fmt: skip
    return provider


def lock_provider(session: Session, actor: Actor, provider_id: UUID) -> Provider:
    """Step: the visible provider, FOR UPDATE: aggregate root of its profile, certificates and offers."""
    provider = queries.get_provider(session, actor, provider_id)
    session.refresh(provider, with_for_update=True)
    return provider


def sentence_of(reason: str | None) -> str:
    """A reason as a sentence that another one may follow."""
    text = (reason or "").strip()
    return text if not text or text[-1] in ".!?…" else f"{text}."


def notify(session: Session, provider: Provider, template: str, **values: Any) -> None:
    """Step: tell the provider's people something about their profile."""
    tell(
        session, template=template, values={"provider": provider.name, **values},
        organisation_ids=[provider.organisation_id],
    )  # fmt: skip


def _write_capacities(session: Session, provider: Provider, capacities: Mapping[str, int]) -> None:
    """Replace the limits of a profile; the categories must exist."""
    known = {category.code for category in list_categories(session, list(capacities))}
    if set(capacities) - known:
        raise RuleBroken("category_unknown", "Catégorie inconnue : choisissez dans la liste.", field="capacities")
    session.execute(delete(ProviderCapacity).where(ProviderCapacity.provider_id == provider.id))
    session.add_all(
        ProviderCapacity(provider_id=provider.id, category_code=code, quantity=units) for code, units in capacities.items()
    )
    session.flush()


def _stripped(text: str | None) -> str | None:
    return (text or "").strip() or None


def _facts(session: Session, provider: Provider) -> dict[str, Any]:
    facts = {name: getattr(provider, name) for name in ("description", "regions", "delivery_modes")}
    limits = {category.code: units for category, units in queries.list_capacities(session, provider)}
    return {**facts, "capacities": limits, "has_contact": bool(provider.contact_email or provider.contact_phone)}
