"""Service categories and domains for tests that need one the migration does not ship."""
import factory

from marketplace.categories.models import PriorityDomain, ServiceCategory
from tests.factories.base import Factory


class PriorityDomainFactory(Factory):
    """A domain nobody else uses."""

    class Meta:
        model = PriorityDomain

    code = factory.Sequence(lambda n: f"domain_{n}")
    name_fr = factory.Sequence(lambda n: f"Domaine {n}")
    name_en = factory.Sequence(lambda n: f"Domain {n}")
    position = 900


class ServiceCategoryFactory(Factory):
    """A category per endpoint and month, in the detection domain."""

    class Meta:
        model = ServiceCategory

    code = factory.Sequence(lambda n: f"category_{n}")
    name_fr = factory.Sequence(lambda n: f"Catégorie {n}")
    name_en = factory.Sequence(lambda n: f"Category {n}")
    unit = "endpoint"
    price_period = "month"
    cpv = "72000000-5"
    domain_code = "workstations_and_detection"
    position = 900
