"""Twelve fictitious providers with valid, expiring and expired certificates, and offers with invented prices."""
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from sqlalchemy.orm import Session

from catalog.certifications.models import Certificate
from catalog.offers.models import Offer, OfferBracket
from catalog.offers.search.listings import refresh_all
from catalog.providers.models import Provider, ProviderCapacity
from marketplace.accounts.models import Organisation
from marketplace.categories.models import ServiceCategory
from marketplace.establishments.rules import fold
from marketplace.establishments.territory import REGIONS
from marketplace.platform import clock
from marketplace.platform.database import new_id
from tenders.demo.sites import SEED

PRICES = {
    "edr": ("4.60", "4.10", "3.70"), "soc": ("2.40", "2.05", "1.85"), "passi_audit": ("1150", "1080", "990"),
    "ad_hardening": ("9800", "9100", "8600"), "exposure_audit": ("3900", "3500", "3200"), "backup": ("68", "59", "52"),
    "hds_hosting": ("145", "128", "115"), "mfa": ("3.20", "2.75", "2.40"), "crisis_exercise": ("5400", "4900", "4500"),
    "awareness": ("14", "11", "9"), "incident_response": ("7800", "7100", "6600"), "pcra": ("8900", "8200", "7600"),
    "remote_access": ("5.90", "5.20", "4.60"), "shared_ciso": ("780", "730", "690"),
    "support_maintenance": ("3.10", "2.70", "2.35"),
}  # fmt: skip
"""Fictitious unit prices in euros excluding VAT for three brackets. Never to be quoted."""

STEPS = {
    "edr": (200, 2000, 6000), "soc": (200, 2500, 6000), "mfa": (200, 3000, 9000), "awareness": (100, 2000, 8000),
    "support_maintenance": (200, 2000, 6000), "remote_access": (50, 500, 2000), "backup": (10, 150, 600),
    "hds_hosting": (5, 80, 300),
}  # fmt: skip
FEW = (1, 12, 60)
ANSWERS = {
    "soc": (1, 8, "always"), "edr": (1, 8, "always"), "incident_response": (2, None, "always"),
    "hds_hosting": (1, 4, "always"), "backup": (2, 8, "always"), "mfa": (4, 12, "extended"),
    "remote_access": (4, 12, "extended"), "support_maintenance": (4, 24, "business"),
}  # fmt: skip
"""Hours until somebody answers, until the service is back, and when somebody does: as fictitious as the prices."""
COMMITTED = 36
INDEXATION = (
    "Révision une fois par an à la date anniversaire : 15 % fixes, 85 % suivant l'indice publié que retient le marché, dans "
    "la limite de 3 % par an (clause fictive)."
)


@dataclass(frozen=True)
class Profile:
    """What one provider is: its certificates (scheme → days left, negative = expired), reach and services."""

    certificates: dict[str, int]
    activities: tuple[int, ...]
    regions: int
    services: tuple[str, ...]
    verified: bool = True


PROFILES = (
    Profile({"iso27001": 1000, "hds": 1000, "passi": 1020}, (1, 2, 3, 4, 5, 6), 18, ("soc", "edr", "hds_hosting", "backup")),
    Profile({"iso27001": 980, "hds": 980}, (3, 4, 5, 6), 18, ("hds_hosting", "backup", "support_maintenance", "soc")),
    Profile({"iso27001": 990, "pdis": 900}, (), 18, ("soc", "edr", "incident_response", "mfa")),
    Profile({"iso27001": 210}, (), 13, ("soc", "edr", "awareness", "mfa")),
    Profile({"iso27001": -35}, (), 18, ("soc", "edr", "mfa")),
    Profile({"passi": 1000, "iso27001": 960}, (), 18, ("passi_audit", "exposure_audit", "ad_hardening", "crisis_exercise")),
    Profile({"expertcyber": 400}, (), 6, ("awareness", "support_maintenance", "crisis_exercise", "shared_ciso")),
    Profile({"iso27001": 970, "pris": 950}, (), 18, ("incident_response", "crisis_exercise", "pcra", "edr")),
    Profile({"iso27001": 985, "hds": 45}, (1, 2, 3, 4, 5, 6), 18, ("hds_hosting", "backup")),
    Profile({"iso27001": 980}, (), 9, ("mfa", "remote_access", "ad_hardening", "edr")),
    Profile({"iso27001": 975}, (), 18, ("support_maintenance", "edr", "remote_access", "shared_ciso")),
    Profile({"iso27001": 965}, (), 18, ("soc", "mfa", "awareness"), verified=False),
)
LIFE_DAYS = {"expertcyber": 725}
VERSIONS = {"iso27001": "2022", "hds": "v2"}
ACTIVITIES = dict.fromkeys(("iso27001", "pdis", "pris", "expertcyber"), ()) | {"passi": (1, 2, 3, 4, 5)}
"""What a certificate covers; those of HDS are the profile's own."""


def make_catalogue(session: Session, organisations: list[Organisation], categories: dict[str, ServiceCategory]) -> None:
    """Step: providers, their certificates and published offers."""
    random = Random(SEED)
    for organisation, profile in zip(organisations, PROFILES, strict=True):
        provider = _provider(session, organisation, profile, random)
        for scheme, days_left in profile.certificates.items():
            session.add(_certificate(provider, scheme, days_left, profile))
        for code in profile.services:
            _offer(session, provider, categories[code], random)
    session.flush()
    refresh_all(session)


def _provider(session: Session, organisation: Organisation, profile: Profile, random: Random) -> Provider:
    regions = sorted(random.sample(sorted(REGIONS), profile.regions))
    provider = Provider(
        id=new_id(), organisation_id=organisation.id, name=organisation.name, search_text=fold(organisation.name),
        description="Prestataire fictif de la démonstration : aucun de ses prix n'est réel.", regions=regions,
        delivery_modes=["remote", "on_site"], created_at=clock.now(), contact_name="Camille Fictif (service commercial)",
        contact_email=f"contact@{fold(organisation.name).rpartition(' ')[2]}.example", contact_phone="01 99 00 00 00",
        verified_at=clock.now() if profile.verified else None,
    )  # fmt: skip
    session.add(provider)
    session.flush()
    largest = {code: STEPS.get(code, FEW)[2] * 4 for code in profile.services}
    session.add_all(
        ProviderCapacity(provider_id=provider.id, category_code=code, quantity=units) for code, units in largest.items()
    )
    return provider


def _certificate(provider: Provider, scheme: str, days_left: int, profile: Profile) -> Certificate:
    ends: date = clock.today() + timedelta(days=days_left)
    starts = ends - timedelta(days=LIFE_DAYS.get(scheme, 1090))
    verified = clock.now()
    return Certificate(
        id=new_id(), provider_id=provider.id, scheme=scheme, version=VERSIONS.get(scheme),
        number=f"DEMO-{scheme.upper()}-{provider.name[-4:].upper()}", body="Organisme fictif de certification",
        scope="Services de cybersécurité managés (fictif)", activities=list(ACTIVITIES.get(scheme, profile.activities)),
        valid_from=starts, valid_until=ends, declared_at=verified, verified_at=verified,
    )  # fmt: skip


def _terms(category: ServiceCategory) -> dict[str, Any]:
    """What an offer promises beside its price: delays where something runs or is answered, a term where it is subscribed."""
    answered, restored, hours = ANSWERS.get(category.code, (None, None, "business"))
    subscribed = category.price_period != "once"
    return {
        "response_hours": answered, "restoration_hours": restored, "service_hours": hours,
        "commitment_months": COMMITTED if subscribed else None, "indexation": INDEXATION if subscribed else "",
    }  # fmt: skip


def _offer(session: Session, provider: Provider, category: ServiceCategory, random: Random) -> None:
    factor = Decimal(random.randint(88, 116)) / 100
    steps = STEPS.get(category.code, FEW)
    offer = Offer(
        id=new_id(), provider_id=provider.id, category_code=category.code, title=category.name_fr, unit=category.unit,
        price_period=category.price_period, pricing="all_units", mobilisation_amount=Decimal(random.randrange(0, 12000, 1500)),
        minimum_quantity=steps[0], capacity=steps[2] * random.randint(2, 5), delivery_modes=["remote", "on_site"],
        description="Prix fictifs.", created_at=clock.now(), **_terms(category),
    )  # fmt: skip
    session.add(offer)
    session.flush()
    starts, ends = (1, *steps[1:]), (steps[1] - 1, steps[2] - 1, None)
    for start, end, price in zip(starts, ends, PRICES[category.code], strict=True):
        amount = (Decimal(price) * factor).quantize(Decimal("0.01"))
        session.add(OfferBracket(offer_id=offer.id, from_quantity=start, to_quantity=end, unit_price=amount))
    session.flush()
    offer.published_at = clock.now()
