"""Providers, certificates and offers for tests."""
from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import factory
from sqlalchemy import update

from catalog.certifications.models import Certificate
from catalog.offers.models import Offer, OfferBracket
from catalog.offers.rules import brackets_from
from catalog.offers.search.listings import refresh
from catalog.providers.models import Provider
from marketplace.accounts.models import Organisation, User
from marketplace.establishments.rules import fold
from marketplace.platform import clock
from tests.factories.accounts import OrganisationFactory, user_in
from tests.factories.base import Factory, current_session, refreshed


class Listed(Factory):
    """A fact of the catalogue: like the use case it stands for, it has the search follow."""

    class Meta:
        abstract = True

    @classmethod
    def _create(cls, model_class: Any, *args: Any, **kwargs: Any) -> Any:
        made = super()._create(model_class, *args, **kwargs)
        session = current_session()
        refresh(session, [made.id if model_class is Provider else made.provider_id])
        session.commit()
        return made


PRICES = ((1, Decimal("6.00")), (500, Decimal("5.00")), (2000, Decimal("4.10")))


class ProviderFactory(Listed):
    """A verified provider that serves Auvergne-Rhône-Alpes and Île-de-France, on site and remotely."""

    class Meta:
        model = Provider

    organisation_id = factory.LazyAttribute(lambda p: OrganisationFactory(kind="provider", name=p.name).id)
    name = factory.Sequence(lambda n: f"Prestataire fictif {n}")
    search_text = factory.LazyAttribute(lambda p: fold(p.name))
    regions = factory.LazyFunction(lambda: ["11", "84"])
    delivery_modes = factory.LazyFunction(lambda: ["on_site", "remote"])
    verified_at = factory.LazyFunction(clock.now)


class CertificateFactory(Listed):
    """A verified ISO/IEC 27001:2022 certificate that began a month ago and lasts almost three years."""

    class Meta:
        model = Certificate

    provider_id = factory.LazyFunction(lambda: ProviderFactory().id)
    scheme = "iso27001"
    version = "2022"
    number = factory.Sequence(lambda n: f"FICTIF-{n}")
    body = "Organisme fictif"
    activities = factory.LazyFunction(list)
    valid_from = factory.LazyFunction(lambda: clock.today() - timedelta(days=30))
    valid_until = factory.LazyFunction(lambda: clock.today() + timedelta(days=1060))
    verified_at = factory.LazyFunction(clock.now)


class OfferFactory(Factory):
    """A draft EDR offer without a grid; `published_offer` makes one that can be matched."""

    class Meta:
        model = Offer

    provider_id = factory.LazyFunction(lambda: ProviderFactory().id)
    category_code = "edr"
    title = "EDR managé fictif"
    unit = "endpoint"
    price_period = "month"
    pricing = "all_units"
    delivery_modes = factory.LazyFunction(lambda: ["remote"])


class OfferBracketFactory(Factory):
    """The first bracket of a grid, without an end."""

    class Meta:
        model = OfferBracket

    offer_id = factory.LazyFunction(lambda: OfferFactory().id)
    from_quantity = 1
    to_quantity = None
    unit_price = Decimal("5.00")


def published_offer(prices: Sequence[tuple[int, Decimal]] = PRICES, **fields: Any) -> Offer:
    """A published offer with this grid: (from quantity, unit price), ascending from 1."""
    offer = OfferFactory(
        **fields,
        brackets=[
            OfferBracket(from_quantity=b.from_quantity, to_quantity=b.to_quantity, unit_price=b.unit_price)
            for b in brackets_from(list(prices))
        ],
    )
    session = current_session()
    session.execute(update(Offer).where(Offer.id == offer.id).values(published_at=clock.now()))
    refresh(session, [offer.provider_id])
    session.commit()
    return refreshed(offer)


def hds_certificates(provider_id: UUID, activities: Sequence[int] = (1, 2, 3, 4, 5, 6), **fields: Any) -> None:
    """An HDS v2 certificate and the ISO/IEC 27001 it lies in."""
    CertificateFactory(provider_id=provider_id, **fields)
    CertificateFactory(provider_id=provider_id, scheme="hds", version="v2", activities=list(activities), **fields)


def person_of(provider: Provider, roles: Sequence[str] = ("admin", "signatory")) -> User:
    """Somebody who speaks for the provider."""
    return user_in(current_session().get_one(Organisation, provider.organisation_id), roles)
