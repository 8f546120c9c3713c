"""A listing left unpaid is out of directory, offers and search, and nothing else: its page and its matches stay."""
from datetime import timedelta

from marketplace.accounts.models import Organisation
from marketplace.platform import clock
from tenders.vehicles.models import Vehicle
from tests.factories.accounts import user_in
from tests.factories.billing import ListingSubscriptionFactory
from tests.factories.catalog import CertificateFactory, ProviderFactory, published_offer
from tests.factories.demand import need_on, open_pool
from tests.factories.vehicles import VehicleFactory

PLACES = ("/api/v1/providers", "/api/v1/offers", "/api/v1/offers/search?q=EDR")


def _shown(browser, provider):
    pages = [browser.get(place) for place in PLACES]
    assert [page.status_code for page in pages] == [200, 200, 200]
    return [str(provider.id) in page.text for page in pages]


def test_a_listing_unpaid_beyond_its_grace_leaves_the_directory_and_comes_back_at_payment(api, app, session):
    provider = ProviderFactory()
    CertificateFactory(provider_id=provider.id)
    published_offer(provider_id=provider.id)
    lot = open_pool(vehicle_id=VehicleFactory(opened_at=clock.now()).id, minimum=10)
    with app.app_context():
        need_on(lot, 100)
    buyer, centre = api(user_in()), api(user_in(session.get_one(Organisation, _centre(session, lot))))
    matches = f"/api/v1/lots/{lot.id}/matches"
    before = centre.get(matches).json
    assert _shown(buyer, provider) == [True, True, True] and str(provider.id) in str(before)
    plan = ListingSubscriptionFactory(
        organisation_id=provider.organisation_id, unpaid_since=clock.now() - timedelta(days=15),
        hidden_from=clock.now() - timedelta(days=1),
    )  # fmt: skip
    assert _shown(buyer, provider) == [False, False, False]
    assert buyer.get(f"/api/v1/providers/{provider.id}").status_code == 200
    assert centre.get(matches).json == before
    plan.unpaid_since = plan.hidden_from = None
    session.commit()
    assert _shown(buyer, provider) == [True, True, True]


def _centre(session, lot):
    return session.get_one(Vehicle, lot.vehicle_id).organisation_id
