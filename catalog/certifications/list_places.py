"""The hosting sites and subcontractors a published list names beside those declared; they prove nothing by themselves."""
from collections.abc import Collection
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from catalog.certifications.models import Certificate, CertificateSite
from catalog.certifications.rules.lists import ListedRow, PartnerKey, PlaceKey, partner_key, place_key
from catalog.providers.models import HostingSite, Provider, Subcontractor
from catalog.providers.queries import list_sites, list_subcontractors
from catalog.providers.rules import check_number_declared
from marketplace.platform.database import new_id


def lock_providers(session: Session, provider_ids: Collection[UUID]) -> None:
    """Step: nobody else declares a site or a subcontractor of these providers until the transaction ends."""
    rows = select(Provider.id).where(Provider.id.in_(provider_ids)).order_by(Provider.id).with_for_update()
    session.execute(rows).all()


def places_declared(
    session: Session, provider_ids: Collection[UUID]
) -> dict[UUID, tuple[list[PlaceKey], list[PartnerKey]]]:
    """The running sites and subcontractors of each of these providers; two statements, none for nobody."""
    found: dict[UUID, tuple[list[PlaceKey], list[PartnerKey]]] = {each: ([], []) for each in provider_ids}
    if not found:
        return found
    sites = select(HostingSite).where(HostingSite.provider_id.in_(found), HostingSite.ended_at.is_(None))
    for site in session.scalars(sites):
        found[site.provider_id][0].append(place_key(site.name, site.address, site.country))
    partners = select(Subcontractor).where(Subcontractor.provider_id.in_(found), Subcontractor.ended_at.is_(None))
    for one in session.scalars(partners):
        found[one.provider_id][1].append(partner_key(one.name, one.country, one.siren))
    return found


def write_places(session: Session, provider: Provider, certificate: Certificate, row: ListedRow) -> dict[str, int]:
    """Step: declare what is not declared yet, and name the sites on the certificate; how many are new.

    The preview left out what is too many; RuleBroken `declared_too_many` when the provider declared more meanwhile.
    """
    running = list_sites(session, provider)
    sites = {place_key(site.name, site.address, site.country): site for site in running}
    named = select(CertificateSite.site_id).where(CertificateSite.certificate_id == certificate.id)
    already, new_sites = set(session.scalars(named)), 0
    for listed in row.sites or ():
        key = place_key(listed.name, listed.address, listed.country)
        site = sites.get(key)
        if site is None:
            check_number_declared(len(running) + new_sites)
            site = HostingSite(
                id=new_id(), provider_id=provider.id, name=listed.name, address=listed.address, country=listed.country
            )
            session.add(site)
            session.flush()
            sites[key] = site
            new_sites += 1
        if site.id not in already:
            session.add(CertificateSite(certificate_id=certificate.id, site_id=site.id, provider_id=provider.id))
            already.add(site.id)
    new_partners = _write_partners(session, provider, row)
    session.flush()
    return {"sites": new_sites, "subcontractors": new_partners} if new_sites or new_partners else {}


def _write_partners(session: Session, provider: Provider, row: ListedRow) -> int:
    running = list_subcontractors(session, provider)
    known, made = {partner_key(one.name, one.country, one.siren) for one in running}, 0
    for partner in row.subcontractors:
        key = partner_key(partner.name, partner.country, partner.siren)
        if key not in known:
            check_number_declared(len(running) + made)
            session.add(
                Subcontractor(
                    id=new_id(), provider_id=provider.id, name=partner.name, country=partner.country, siren=partner.siren
                )
            )
            known.add(key)
            made += 1
    return made
