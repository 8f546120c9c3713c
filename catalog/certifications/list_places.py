"""Steps that write the hosting sites and subcontractors a published list names; they prove nothing by themselves."""
from collections.abc import Collection
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from catalog.certifications.models import Certificate, CertificateSite
from catalog.certifications.rules.lists import ListedRow, fold
from catalog.providers.models import HostingSite, Provider, Subcontractor
from catalog.providers.queries import list_sites, list_subcontractors
from marketplace.platform.database import new_id


def lock_providers(session: Session, provider_ids: Collection[UUID]) -> None:
    """Step: nobody else declares a site or a subcontractor of these providers until the transaction ends."""
    rows = select(Provider.id).where(Provider.id.in_(provider_ids)).order_by(Provider.id).with_for_update()
    session.execute(rows).all()


def write_places(session: Session, provider: Provider, certificate: Certificate, row: ListedRow) -> dict[str, int]:
    """Step: declare what is not declared yet, and name the sites on the certificate; how many are new."""
    sites = {(fold(site.name), site.country): site for site in list_sites(session, provider)}
    named = select(CertificateSite.site_id).where(CertificateSite.certificate_id == certificate.id)
    already, new_sites = set(session.scalars(named)), 0
    for listed in row.sites or ():
        site = sites.get((fold(listed.name), listed.country))
        if site is None:
            site = HostingSite(
                id=new_id(), provider_id=provider.id, name=listed.name, address=listed.address, country=listed.country
            )
            session.add(site)
            session.flush()
            sites[fold(site.name), site.country] = site
            new_sites += 1
        if site.id not in already:
            session.add(CertificateSite(certificate_id=certificate.id, site_id=site.id, provider_id=provider.id))
            already.add(site.id)
    new_partners = _write_partners(session, provider, row)
    session.flush()
    return {"sites": new_sites, "subcontractors": new_partners} if new_sites or new_partners else {}


def _write_partners(session: Session, provider: Provider, row: ListedRow) -> int:
    known = {one.siren or (fold(one.name), one.country) for one in list_subcontractors(session, provider)}
    made = 0
    for partner in row.subcontractors:
        key = partner.siren or (fold(partner.name), partner.country)
        if key not in known:
            session.add(
                Subcontractor(
                    id=new_id(), provider_id=provider.id, name=partner.name, country=partner.country, siren=partner.siren
                )
            )
            known.add(key)
            made += 1
    return made
