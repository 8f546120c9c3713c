"""Search against the rules themselves: on random catalogues, every answer, figure and price is what Python says."""
from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from catalog.certifications.queries import held_by_provider, list_schemes
from catalog.certifications.rules.coverage import Period, Requirement, coverage
from catalog.offers.models import Offer
from catalog.offers.queries import grid_of
from catalog.offers.rules import amount_over_term, periods, price_for, unit_price_for
from catalog.offers.search.gathering import gather, note_changes
from catalog.offers.search.listings import refresh, refresh_all
from catalog.offers.search.models import ListingChange, OfferListing
from catalog.offers.search.queries import FACETS, Question, search_offers
from catalog.offers.search.verification import verify_listings
from catalog.providers.models import Provider, Subcontractor
from marketplace.platform import clock
from marketplace.platform.database import new_id
from marketplace.platform.money import round_unit_price
from marketplace.platform.permissions import SYSTEM
from tests.factories import accounts as accounts
from tests.factories import catalog as make

REGIONS = ["11", "24", "84", "02"]
CATEGORIES = [("edr", "endpoint", "month"), ("soc", "endpoint", "month"), ("passi_audit", "day", "once")]


def certificate(random: Random, provider: Provider, subcontractor_id: Any = None) -> None:
    scheme = random.choice(["iso27001", "iso27001", "hds", "hds", "passi"])
    begins = clock.today() + timedelta(days=random.randint(-900, 200))
    decided = clock.now() - timedelta(days=3)
    make.CertificateFactory(
        provider_id=provider.id, subcontractor_id=subcontractor_id, scheme=scheme,
        version={"iso27001": random.choice(["2013", "2022"]), "hds": random.choice(["v1", "v2"])}.get(scheme),
        activities=sorted(random.sample(range(1, 6), random.randint(1, 5))) if scheme != "iso27001" else [],
        valid_from=begins, valid_until=begins + timedelta(days=random.randint(20, 1000)),
        verified_at=random.choice([decided, decided, decided, None]),
    )  # fmt: skip


def catalogue(session: Session, random: Random, size: int = 9) -> None:
    """Providers with certificates of their own and of subcontractors, and offers of both kinds of pricing."""
    for _ in range(size):
        until = random.choice([None] * 4 + [clock.today(), clock.today() - timedelta(days=1)])
        provider = make.ProviderFactory(
            regions=sorted(random.sample(REGIONS, random.randint(0, 4))),
            verified_at=random.choice([clock.now()] * 5 + [None]),
            suspended_until=until, suspension_reason="Essai" if until else None,
        )  # fmt: skip
        for _ in range(random.randint(0, 4)):
            certificate(random, provider)
        for ended in random.sample([None, clock.now()], random.randint(0, 2)):
            sub = Subcontractor(id=new_id(), provider_id=provider.id, name="Sous-traitant", country="BE", ended_at=ended)
            session.add(sub)
            session.commit()
            for _ in range(random.randint(1, 3)):
                certificate(random, provider, sub.id)
        for _ in range(random.randint(0, 3)):
            offer(random, provider)
    refresh_all(session)
    session.commit()


def offer(random: Random, provider: Provider) -> None:
    code, unit, period = random.choice(CATEGORIES)
    starts = sorted({1, *random.sample(range(2, 3000), random.randint(0, 3))})
    make.published_offer(
        [(start, Decimal(random.randint(0, 99_999)) / 10_000) for start in starts],
        provider_id=provider.id, category_code=code, unit=unit, price_period=random.choice([period, "year"]),
        pricing=random.choice(["all_units", "incremental"]), mobilisation_amount=Decimal(random.randint(0, 90_000)) / 100,
        regional_uplifts=random.choice([{}, {"84": "0.35"}, {"02": "1.2"}]),
        delivery_modes=random.choice([["remote"], ["on_site"], ["on_site", "remote"]]),
        minimum_quantity=random.choice([1, 100, 900]), capacity=random.choice([None, 1000, 5000]),
        visibility=random.choice(["buyers", "public"]), title=random.choice(["Détection managée", "Sauvegarde immuable"]),
    )  # fmt: skip


def exact_amount(o: Offer, asked: Question, due: int) -> Decimal:
    grid, quantity = grid_of(o), asked.quantity or 0
    uplift = grid.regional_uplifts.get(asked.region or "", Decimal(0))
    return (price_for(grid, quantity) + uplift * quantity) * due + grid.mobilisation_amount


class Truth:
    """The catalogue as the rules read it, row by row."""

    def __init__(self, session: Session) -> None:
        self.schemes, self.today = list_schemes(session), clock.today()
        providers = {p.id: p for p in session.scalars(select(Provider))}
        self.held = held_by_provider(session, providers, self.schemes)
        offers = session.scalars(select(Offer).where(Offer.status == "published"))
        self.rows = [(each, providers[each.provider_id]) for each in offers]
        self.rows = [(o, p) for o, p in self.rows if p.verified_at is not None and not self._suspended(p)]

    def _suspended(self, provider: Provider) -> bool:
        return provider.suspended_until is not None and provider.suspended_until >= self.today

    def proves(self, provider: Provider, day: date, scheme: str, *activities: int) -> bool:
        held = self.held.get(provider.id, [])
        if not activities:
            held = [each for each in held if each.holder == provider.id]
        asked = Requirement(scheme, frozenset(activities))
        return coverage(asked, held, Period(day, day), self.schemes, self.today).is_covered

    def passes(self, row: tuple[Offer, Provider], asked: Question) -> bool:
        (o, p), day = row, asked.valid_on or self.today
        price = None
        if asked.quantity:
            usual = {"edr": "month", "soc": "month", "passi_audit": "once"}[o.category_code]
            n, m = periods(asked.term_months, o.price_period), periods(asked.term_months, usual)
            price = unit_price_for(grid_of(o), asked.quantity, asked.region, periods=n)
            if n != m:
                price = round_unit_price(exact_amount(o, asked, n) / (asked.quantity * m))
        checks = (
            asked.category in (None, o.category_code),
            asked.region is None or asked.region in p.regions,
            asked.delivery_mode is None or asked.delivery_mode in o.delivery_modes,
            asked.certificate is None or self.proves(p, day, asked.certificate),
            all(self.proves(p, day, "hds", number) for number in asked.hds_activities),
            asked.quantity is None or o.minimum_quantity <= asked.quantity <= (o.capacity or 10**12),
            asked.maximum_unit_price is None or price is None or price <= asked.maximum_unit_price,
            asked.q is None or asked.q in o.title.lower(),
        )
        return all(checks)

    def values(self, row: tuple[Offer, Provider], facet: str, day: date) -> list[str]:
        o, p = row
        return {
            "category": [o.category_code], "region": list(p.regions), "delivery_mode": list(o.delivery_modes),
            "certificate": [code for code in self.schemes if self.proves(p, day, code)],
            "hds_activity": [str(n) for n in range(1, 7) if self.proves(p, day, "hds", n)],
        }[facet]  # fmt: skip

    def counts(self, asked: Question, facet: str) -> dict[str, int]:
        """Figures of a facet: the reader's own choice in it left aside."""
        chosen = {"hds_activity": "hds_activities"}.get(facet, facet)
        freed = replace(asked, **{chosen: () if chosen == "hds_activities" else None})
        rows = [row for row in self.rows if self.passes(row, freed)]
        return dict(Counter(v for row in rows for v in self.values(row, facet, asked.valid_on or self.today)))


def question(random: Random) -> Question:
    return Question(
        q=random.choice([None, None, "sauvegarde"]),
        category=random.choice([None, "edr", "soc", "passi_audit"]),
        certificate=random.choice([None, None, "iso27001", "hds", "passi"]),
        hds_activities=tuple(sorted(random.sample(range(1, 6), random.choice([0, 0, 1, 2])))),
        valid_on=clock.today() + timedelta(days=random.choice([0, 0, -400, 90, 400])),
        region=random.choice([None, *REGIONS]), delivery_mode=random.choice([None, None, "remote", "on_site"]),
        quantity=random.choice([None, 50, 950, 4000]), term_months=random.choice([12, 36, 7]),
        maximum_unit_price=random.choice([None, None, Decimal("4.1")]),
    )  # fmt: skip


@pytest.mark.parametrize("seed", range(12))
def test_answers_and_figures_are_what_the_rules_say_whatever_is_asked(session: Session, seed: int) -> None:
    random = Random(seed)
    catalogue(session, random)
    assert verify_listings(session) == []
    truth = Truth(session)
    for _ in range(12):
        asked = question(random)
        answer = search_offers(session, SYSTEM, asked, limit=100)
        expected = {row[0].id for row in truth.rows if truth.passes(row, asked)}
        assert {found.id for found in answer.items} == expected, asked
        assert answer.total == len(expected)
        for facet in FACETS:
            assert answer.facets[facet] == truth.counts(asked, facet), (facet, asked)


@pytest.mark.parametrize("seed", range(20, 24))
def test_sql_prices_a_quantity_to_the_cent_and_the_ten_thousandth_as_python_does(session: Session, seed: int) -> None:
    random = Random(seed)
    catalogue(session, random, size=14)
    truth = Truth(session)
    for _ in range(10):
        asked = replace(question(random), quantity=random.choice([7, 950, 1000, 4999, 123_457]), q=None)
        asked = replace(asked, category=random.choice(["edr", "soc"]), certificate=None, hds_activities=(), sort="price")
        items = search_offers(session, SYSTEM, asked, limit=100).items
        offers = {row[0].id: row[0] for row in truth.rows}
        for found in items:
            o = offers[found.id]
            n = periods(asked.term_months, o.price_period)
            assert found.amount == amount_over_term(grid_of(o), asked.quantity or 0, asked.region, periods=n)
            assert found.unit_price == unit_price_for(grid_of(o), asked.quantity or 0, asked.region, periods=n)
        assert [i.amount for i in items] == sorted(i.amount for i in items if i.amount is not None)
        usual = [found for found in items if found.price_period == "month"]
        for bound in {found.unit_price for found in usual}:
            cheap = search_offers(session, SYSTEM, replace(asked, maximum_unit_price=bound), limit=100).items
            kept = {f.id for f in cheap if f.price_period == "month"}
            assert kept == {f.id for f in usual if f.unit_price is not None and bound and f.unit_price <= bound}


def changes(session: Session, random: Random) -> None:
    """What happens between two gatherings: offers come and go, providers are suspended, verified, move, prove more."""
    providers = list(session.scalars(select(Provider)))
    for provider in random.sample(providers, 4):
        change = random.choice(["offer", "withdraw", "suspend", "lift", "verify", "move", "certify"])
        if change == "offer":
            offer(random, provider)
        elif change == "withdraw":
            listed = session.scalars(select(Offer).where(Offer.provider_id == provider.id)).first()
            if listed is not None:
                listed.withdrawn_at = clock.now()
        elif change in ("suspend", "lift"):
            until = clock.today() if change == "suspend" else None
            provider.suspended_until, provider.suspension_reason = until, "Essai" if until else None
        elif change == "verify":
            provider.verified_at = None if provider.verified_at else clock.now()
        elif change == "move":
            provider.regions = sorted(random.sample(REGIONS, 2))
        else:
            certificate(random, provider)
        session.commit()
        refresh(session, [provider.id])
        session.commit()


@pytest.mark.parametrize("seed", range(40, 52))
def test_answers_stay_what_the_rules_say_whatever_changed_since_the_listings_were_gathered(
    session: Session, seed: int
) -> None:
    random = Random(seed)
    catalogue(session, random, size=12)
    for _ in range(4):
        changes(session, random)
        if random.random() < 0.2:
            gather(session)
            session.commit()
        assert verify_listings(session) == []
        truth = Truth(session)
        for _ in range(5):
            day = clock.today() + timedelta(days=random.choice([0, 0, 1, -1, 25, -25, 45, 46]))
            asked = replace(question(random), valid_on=day, maximum_unit_price=None)
            answer = search_offers(session, SYSTEM, asked, limit=100)
            assert {found.id for found in answer.items} == {r[0].id for r in truth.rows if truth.passes(r, asked)}, asked
            for facet in FACETS:
                assert answer.facets[facet] == truth.counts(asked, facet), (facet, asked)


@pytest.mark.parametrize("is_gathered", [True, False])
def test_quantities_are_bounded_to_the_unit_gathered_or_not(session: Session, is_gathered: bool) -> None:
    bounds = [(1, None), (1, 1), (499, 500), (500, 500), (501, 1_000_000_000), (7, 2**40), (999_999_999, None), (2**30, None)]
    rows = [make.published_offer(minimum_quantity=low, capacity=high) for low, high in bounds]
    refresh_all(session)
    if not is_gathered:
        note_changes(session, {row.provider_id for row in rows})
    session.commit()
    for asked in (1, 2, 6, 7, 498, 499, 500, 501, 502, 999_999_998, 999_999_999, 1_000_000_000):
        found = {each.id for each in search_offers(session, SYSTEM, Question(quantity=asked), limit=100).items}
        assert found == {row.id for row, (low, high) in zip(rows, bounds, strict=True) if low <= asked <= (high or asked)}


def test_a_gathering_forgets_more_changes_than_a_statement_has_parameters(session: Session) -> None:
    provider = make.published_offer().provider_id
    refresh_all(session)
    piled = text("INSERT INTO listing_changes (provider_id) SELECT :provider FROM generate_series(1, 66000)")
    session.execute(piled, {"provider": provider})
    gather(session)
    assert session.scalar(select(func.count()).select_from(ListingChange)) == 0
    assert verify_listings(session) == []


def test_pages_by_name_neither_lose_nor_repeat_an_offer_on_either_side_of_a_gathering(session: Session) -> None:
    providers = [make.ProviderFactory(name=f"Société {n:02}") for n in range(40)]
    for place in range(240):
        make.published_offer(provider_id=providers[place * 7 % 40].id, title=f"Offre {place % 60:02}")
    refresh_all(session)
    note_changes(session, [provider.id for provider in providers[::9]])
    session.commit()
    expected = sorted(
        session.scalars(select(OfferListing)), key=lambda row: (row.sort_name, row.offer_id)
    )
    for mode in (None, "remote"):
        read, cursor = [], None
        while True:
            answer = search_offers(session, SYSTEM, Question(delivery_mode=mode), limit=17, cursor=cursor)
            read += [each.id for each in answer.items]
            cursor = answer.next
            if cursor is None:
                break
        assert read == [row.offer_id for row in expected if mode is None or mode in row.delivery_modes]
