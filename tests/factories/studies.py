"""A small market to study: a centre with an open lot, three clinics with needs on it, a provider that can serve them."""
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from marketplace.accounts.models import User
from marketplace.establishments.models import Establishment
from tenders.vehicles.models import Lot
from tests.factories import catalog
from tests.factories.demand import centre_user, clinic, open_pool, placed_on

PRICES = ((1, Decimal("6.00")), (500, Decimal("4.00")))


@dataclass
class Market:
    """A centre with an open lot, three clinics with needs on it, and a provider that can serve them."""

    centre: User
    lot: Lot
    sites: list[Establishment]
    people: list[Any]


def study_market(app: Any) -> Market:
    """300, 250 and 120 endpoints in Auvergne-Rhône-Alpes; from 500 on a unit costs 4.00 instead of 6.00."""
    lot = open_pool(minimum=500, maximum=None)
    provider = catalog.ProviderFactory(name="Vigie fictive")
    catalog.published_offer(PRICES, provider_id=provider.id)
    sites, people = [], []
    with app.app_context():
        for quantity in (300, 250, 120):
            site, actor = clinic(region="84")
            placed_on(lot, site, actor, quantity)
            sites.append(site)
            people.append(actor)
    return Market(centre_user(lot), lot, sites, people)
