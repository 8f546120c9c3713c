"""Establishments for tests: fictitious, with a FINESS number whose key is right."""
from decimal import Decimal

import factory

from marketplace.accounts.models import Organisation
from marketplace.establishments import identifiers, rules
from marketplace.establishments.models import Establishment
from tests.factories.accounts import OrganisationFactory
from tests.factories.base import Factory


def finess(number: int, prefix: str = "99") -> str:
    """A FINESS-shaped number with a valid key, different for every number below a million; « 99 » is no département."""
    body = f"{prefix}{number:06d}"
    return next(body + key for key in "0123456789" if identifiers.has_finess_key(body + key))


class EstablishmentFactory(Factory):
    """A private clinic in Ain, with a profile and without an IT estate."""

    class Meta:
        model = Establishment

    finess = factory.Sequence(finess)
    organisation_id = factory.LazyFunction(lambda: OrganisationFactory().id)
    name = factory.Sequence(lambda n: f"Clinique fictive {n}")
    finess_category = "365"
    category_label = "Etablissement de Soins Pluridisciplinaire"
    sector = "private_for_profit"
    legal_status = "95"
    region = "84"
    department = "01"
    insee_code = "01053"
    town = "BOURG EN BRESSE"
    postcode = "01000"
    staff = Decimal("120.00")
    size_band = "50_249"
    search_name = factory.LazyAttribute(lambda site: rules.fold(site.name))
    search_town = factory.LazyAttribute(lambda site: rules.fold(site.town or ""))


def sites_of(organisation: Organisation, count: int) -> list[Establishment]:
    """So many sites of one operator."""
    return EstablishmentFactory.create_batch(count, organisation_id=organisation.id)
