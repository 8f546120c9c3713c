"""Two people of one provider at once: the search lists both of what they published, whoever commits first."""
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from threading import Barrier
from typing import Any

from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from catalog.offers import services
from catalog.offers.models import Offer
from catalog.offers.search.gathering import gather
from catalog.offers.search.listings import refresh, refresh_all
from catalog.offers.search.models import OfferListing
from catalog.offers.search.queries import Question, search_offers
from catalog.offers.search.verification import verify_listings
from catalog.providers.models import Provider
from marketplace.accounts.queries import get_actor
from marketplace.platform import clock
from marketplace.platform.database import db, transaction
from marketplace.platform.permissions import SYSTEM
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


def test_an_offer_withdrawn_while_the_listings_are_gathered_is_neither_shown_nor_counted(real_app: Flask) -> None:
    with real_app.app_context():
        use_session(db.session())
        first = make.published_offer()
        provider = db.session.get_one(Provider, first.provider_id)
        second = make.published_offer(provider_id=provider.id)
        with transaction() as session:
            refresh_all(session)
        db.session.remove()
        use_session(None)
        engine = db.engine
    with Session(engine) as withdrawing:
        withdrawing.get_one(Offer, second.id).withdrawn_at = clock.now()
        with real_app.app_context():
            refresh(withdrawing, [provider.id])
            with transaction() as session:
                gather(session)  # sees nothing of it, and does not wait for it
            assert search_offers(db.session(), SYSTEM, Question()).total == 2
            db.session.remove()
            withdrawing.commit()
    with real_app.app_context():
        answer = search_offers(db.session(), SYSTEM, Question())
        assert [each.id for each in answer.items] == [first.id]
        assert (answer.total, answer.facets["category"]) == (1, {"edr": 1})
        assert verify_listings(db.session()) == []
        db.session.remove()
