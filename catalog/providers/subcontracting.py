"""Use cases of what stands behind a provider: the subcontractors it declares, and the sites where data is hosted."""
from uuid import UUID

from stdnum.fr import siren as siren_number

from catalog.providers import queries
from catalog.providers.countries import COUNTRIES
from catalog.providers.events import ProviderChanged
from catalog.providers.models import HostingSite, Subcontractor
from catalog.providers.rules import check_number_declared
from catalog.providers.services import lock_provider
from marketplace.platform import audit, clock
from marketplace.platform.database import new_id, transaction
from marketplace.platform.errors import N_, BadInput
from marketplace.platform.events import announce
from marketplace.platform.permissions import Actor, require


def declare_subcontractor(
    actor: Actor, provider_id: UUID, *, name: str, country: str = "FR", siren: str | None = None
) -> Subcontractor:
    """Name a company whose certificates shall count with one's own; in France it has a SIREN."""
    with transaction() as session:
        provider = lock_provider(session, actor, provider_id)
        require(actor, "provider.write", own=provider.organisation_id)
        _check_country(country)
        _check_siren(country, siren)
        check_number_declared(len(queries.list_subcontractors(session, provider)))
        made = Subcontractor(
            id=new_id(), provider_id=provider.id, name=name.strip(), country=country,
            siren=siren_number.compact(siren) if siren else None,
        )  # fmt: skip
        session.add(made)
        session.flush()
        audit.record(
            session, actor, "subcontractor.declared", "subcontractor", made.id,
            organisation_id=provider.organisation_id, after={"siren": made.siren, "country": country},
        )  # fmt: skip
    return made


def end_subcontractor(actor: Actor, provider_id: UUID, subcontractor_id: UUID) -> None:
    """No longer work with a subcontractor: from now on its certificates count for nothing here."""
    with transaction() as session:
        provider = lock_provider(session, actor, provider_id)
        require(actor, "provider.write", own=provider.organisation_id)
        ended = queries.get_subcontractor(session, provider, subcontractor_id)
        ended.ended_at = clock.now()
        announce(session, ProviderChanged(provider.id))
        audit.record(
            session, actor, "subcontractor.ended", "subcontractor", ended.id, organisation_id=provider.organisation_id
        )


def declare_site(actor: Actor, provider_id: UUID, *, name: str, address: str, country: str = "FR") -> HostingSite:
    """Name a place where data is hosted, to be named on HDS certificates."""
    with transaction() as session:
        provider = lock_provider(session, actor, provider_id)
        require(actor, "provider.write", own=provider.organisation_id)
        _check_country(country)
        check_number_declared(len(queries.list_sites(session, provider)))
        made = HostingSite(
            id=new_id(), provider_id=provider.id, name=name.strip(), address=address.strip(), country=country
        )
        session.add(made)
        session.flush()
        audit.record(
            session, actor, "hosting_site.declared", "hosting_site", made.id, organisation_id=provider.organisation_id,
            after={"country": country},
        )  # fmt: skip
    return made


def end_site(actor: Actor, provider_id: UUID, site_id: UUID) -> None:
    """No longer host at a site: it cannot be named any more; certificates that named it still do."""
    with transaction() as session:
        provider = lock_provider(session, actor, provider_id)
        require(actor, "provider.write", own=provider.organisation_id)
        ended = queries.get_site(session, provider, site_id)
        ended.ended_at = clock.now()
        audit.record(
            session, actor, "hosting_site.ended", "hosting_site", ended.id, organisation_id=provider.organisation_id
        )


def _check_country(country: str) -> None:
    if country not in COUNTRIES:
        raise BadInput({"country": [N_("Pays inconnu : choisissez dans la liste.")]})


def _check_siren(country: str, siren: str | None) -> None:
    if siren and not siren_number.is_valid(siren):
        raise BadInput({"siren": [N_("Ce SIREN est faux : recopiez ses neuf chiffres.")]})
    if country == "FR" and not siren:
        raise BadInput({"siren": [N_("Donnez le SIREN : une société française en a un.")]})
