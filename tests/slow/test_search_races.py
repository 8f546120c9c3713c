"""Two people of one provider at once: the search lists both of what they published, whoever commits first."""
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from threading import Barrier
from typing import Any

from flask import Flask
from sqlalchemy import func, select

from catalog.offers import services
from catalog.offers.search.models import OfferListing
from catalog.offers.search.verification import verify_listings
from marketplace.accounts.queries import get_actor
from marketplace.platform.database import db
from tests.factories import catalog as make
from tests.factories.base import use_session

STEPS = [{"from_quantity": 1, "unit_price": Decimal("6")}]
MANY = 6


def test_offers_published_at_the_same_moment_are_all_listed(real_app: Flask) -> None:
    with real_app.app_context():
        use_session(db.session())
        provider = make.ProviderFactory()
        person = make.person_of(provider).id
        actor = get_actor(db.session(), person)
        drafts = [
            services.create_offer(actor, provider.id, category="edr", title=str(n), brackets=STEPS, delivery_modes=["remote"])
            for n in range(MANY)
        ]
        ids = [draft.id for draft in drafts]
        db.session.remove()
        use_session(None)
    start = Barrier(MANY)

    def publish(offer_id: Any) -> None:
        with real_app.app_context():
            someone = get_actor(db.session(), person)
            start.wait()
            services.publish_offer(someone, offer_id)
            db.session.remove()

    with ThreadPoolExecutor(MANY) as pool:
        list(pool.map(publish, ids))
    with real_app.app_context():
        assert db.session.scalar(select(func.count()).select_from(OfferListing)) == MANY
        assert verify_listings(db.session()) == []
        db.session.remove()
