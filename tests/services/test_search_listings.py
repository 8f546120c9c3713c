"""What the search reads follows every use case of the catalogue, in its own transaction, and says so when it does not."""
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from catalog.certifications import services as certificates
from catalog.certifications.models import Certificate
from catalog.offers import services as offers
from catalog.offers.models import Offer
from catalog.offers.search.listings import list_missing
from catalog.offers.search.models import OfferListing
from catalog.offers.search.queries import Question, search_offers
from catalog.offers.search.verification import repair_listings, verify_listings
from catalog.providers import services as providers
from catalog.providers import subcontracting, suspensions
from catalog.providers.models import Provider, Subcontractor
from marketplace.platform import clock
from marketplace.platform.errors import DomainError
from marketplace.platform.permissions import SYSTEM
from tests.factories import accounts as accounts
from tests.factories import catalog as make

DECISIONS = ("verify", "reject", "suspend", "reinstate", "withdraw")


class Catalogue:
    """A vendor and the operator doing anything, in any order; what is refused is refused."""

    def __init__(self, session: Session, actor_for: Callable, random: Random) -> None:
        self.session, self.random = session, random
        self.vendor = actor_for(make.person_of(make.ProviderFactory(verified_at=None)))
        self.operator = actor_for(accounts.operator())
        self.provider = session.scalars(select(Provider)).one()

    def any_of(self, model: Any) -> Any:
        rows = self.session.scalars(select(model).where(model.provider_id == self.provider.id)).all()
        return self.random.choice(rows) if rows else None

    def step(self) -> str:
        name = self.random.choice([name for name in dir(self) if name.startswith("do_")])
        try:
            getattr(self, name)()
        except (DomainError, AttributeError) as refused:
            return f"{name}: {refused}"
        return name

    def do_edit(self) -> None:
        changes = {"regions": self.random.sample(["11", "84", "02"], 2), "description": self.random.choice(["Éveil", "Ici"]),
                   "capacities": self.random.choice([{}, {"edr": 400}])}  # fmt: skip
        providers.edit_provider(self.vendor, self.provider.id, changes)

    def do_decide(self) -> None:
        decision = self.random.choice(["verify", "verify", "refuse"])
        providers.decide_provider(self.operator, self.provider.id, decision=decision, reason="Essai")

    def do_suspend(self) -> None:
        suspensions.suspend_provider(self.operator, self.provider.id, until=clock.today(), reason="Essai")

    def do_lift(self) -> None:
        suspensions.lift_suspension(self.operator, self.provider.id)

    def do_declare(self) -> None:
        sub = self.any_of(Subcontractor)
        scheme = self.random.choice(["iso27001", "hds"])
        begins = clock.today() - timedelta(days=self.random.randint(0, 300))
        certificates.declare_certificate(
            self.vendor, self.provider.id, scheme=scheme, version={"iso27001": "2022", "hds": "v2"}[scheme], number="F-1",
            body="Organisme", valid_from=begins, valid_until=begins + timedelta(days=400),
            activities=self.random.sample(range(1, 7), 3) if scheme == "hds" else (),
            subcontractor_id=sub.id if sub is not None and sub.ended_at is None and self.random.random() < 0.4 else None,
        )  # fmt: skip

    def do_judge(self) -> None:
        decision = self.random.choice(DECISIONS[:1] * 3 + DECISIONS)
        certificates.judge_certificate(self.operator, self.any_of(Certificate).id, decision=decision, reason="Registre lu")

    def do_subcontract(self) -> None:
        subcontracting.declare_subcontractor(self.vendor, self.provider.id, name="Ailleurs", country="BE")

    def do_end(self) -> None:
        subcontracting.end_subcontractor(self.vendor, self.provider.id, self.any_of(Subcontractor).id)

    def do_write(self) -> None:
        steps = [{"from_quantity": 1, "unit_price": Decimal("6")}, {"from_quantity": 500, "unit_price": Decimal("5.5")}]
        pricing = self.random.choice(["all_units", "incremental"])
        offers.create_offer(self.vendor, self.provider.id, category="edr", title="Supervision", brackets=steps,
                            delivery_modes=["remote"], pricing=pricing)  # fmt: skip

    def do_publish(self) -> None:
        offers.publish_offer(self.vendor, self.any_of(Offer).id)

    def do_revise(self) -> None:
        offers.revise_offer(self.vendor, self.any_of(Offer).id)

    def do_withdraw(self) -> None:
        offers.withdraw_offer(self.vendor, self.any_of(Offer).id)

    def do_delete(self) -> None:
        offers.delete_draft(self.vendor, self.any_of(Offer).id)


@pytest.mark.parametrize("seed", range(6))
def test_after_any_sequence_of_use_cases_the_search_reads_the_truth(
    session: Session, actor_for: Callable, seed: int
) -> None:
    catalogue = Catalogue(session, actor_for, Random(seed))
    done = []
    for _ in range(40):
        done.append(catalogue.step())
        assert verify_listings(session) == [], done[-3:]
    assert sum(":" not in each for each in done) > 20, "too little was done to prove anything"


def test_a_published_offer_is_found_and_a_withdrawn_or_replaced_one_is_not(
    session: Session, actor_for: Callable
) -> None:
    provider = make.ProviderFactory()
    vendor = actor_for(make.person_of(provider))
    steps = [{"from_quantity": 1, "unit_price": Decimal("6")}]

    def found() -> list[Any]:
        return [each.id for each in search_offers(session, SYSTEM, Question()).items]

    draft = offers.create_offer(vendor, provider.id, category="edr", title="A", brackets=steps, delivery_modes=["remote"])
    assert found() == []
    offers.publish_offer(vendor, draft.id)
    assert found() == [draft.id]
    revision = offers.revise_offer(vendor, draft.id)
    assert found() == [draft.id]
    offers.publish_offer(vendor, revision.id)
    assert found() == [revision.id]
    offers.withdraw_offer(vendor, revision.id)
    assert found() == []


def test_providers_the_search_does_not_know_are_listed_by_the_scheduler(session: Session) -> None:
    offer = make.published_offer()
    session.execute(text("DELETE FROM offer_listings"))
    session.execute(text("DELETE FROM provider_listings"))
    session.commit()
    assert (list_missing(), list_missing()) == (1, 0)
    assert [each.id for each in search_offers(session, SYSTEM, Question()).items] == [offer.id]


def test_a_listing_that_was_tampered_with_is_named_and_written_again(session: Session) -> None:
    first, second = make.published_offer(), make.published_offer()
    make.CertificateFactory(provider_id=second.provider_id)
    session.execute(text("UPDATE offer_listings SET capacity = 7 WHERE offer_id = :id"), {"id": first.id})
    session.execute(text("UPDATE provider_listings SET period_starts = period_starts[2:], period_sets = period_sets[2:]"
                         " WHERE provider_id = :id"), {"id": second.provider_id})  # fmt: skip
    session.commit()
    assert set(verify_listings(session)) == {first.provider_id, second.provider_id}
    assert set(repair_listings()) == {first.provider_id, second.provider_id}
    assert verify_listings(session) == []
    assert session.get_one(OfferListing, first.id, populate_existing=True).capacity is None
