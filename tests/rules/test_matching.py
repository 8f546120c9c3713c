"""Matching: every criterion passed or failed with its reason, price at the quantity, order and score."""
from dataclasses import replace
from datetime import date
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.certifications.rules.coverage import Period
from catalog.certifications.rules.states import HeldCertificate
from catalog.offers.rules import PriceGrid, brackets_from
from catalog.providers.rules import Standing
from marketplace.platform.i18n import sentence
from tenders.matching.rules import Ask, Candidate, Eligible, Excluded, OfferTerms, match, mean_uplift, score
from tests.rules.test_certificates import HDS, ISO, ISO_2022

SCHEMES = {"iso27001": ISO, "hds": HDS}
TODAY = date(2026, 11, 23)
TERM = Period(date(2027, 5, 1), date(2030, 4, 30))
GRID = PriceGrid("all_units", brackets_from([(1, Decimal("6.00")), (500, Decimal("5.00")), (2000, Decimal("4.10"))]))
ASK = Ask(
    "edr", "endpoint", "month", TERM, 36, 3000,
    certificates=("iso27001",), regions={"84": "Auvergne-Rhône-Alpes"}, delivery_modes=("remote",), unit_words="postes",
)  # fmt: skip
HELD = HeldCertificate(UUID(int=10), "iso27001", date(2026, 1, 1), date(2030, 12, 31), ISO_2022, verified_on=date(2026, 1, 10))
OFFER = OfferTerms(UUID(int=1), "EDR fictif", "edr", "endpoint", "month", "published", GRID, 500, 20000, ("remote",))
GOOD = Candidate(UUID(int=10), "Fictif A", Standing(True), frozenset({"84"}), (HELD,), (OFFER,))
CODES = [
    "provider_verified", "provider_not_suspended", "certificate_iso27001", "region", "offer_published",
    "delivery_mode", "capacity", "offer_minimum",
]  # fmt: skip


def alone(candidate: Candidate = GOOD, ask: Ask = ASK) -> Eligible | Excluded:
    found = match(ask, [candidate], SCHEMES, TODAY)
    (row,) = (*found.eligible, *found.excluded)
    return row


def held_by(provider_id: UUID) -> Candidate:
    return replace(GOOD, provider_id=provider_id, certificates=(replace(HELD, holder=provider_id),))


def with_offer(**changes: object) -> Candidate:
    return replace(GOOD, offers=(replace(OFFER, **changes),))


def test_an_eligible_provider_shows_every_criterion_its_price_and_the_amount_over_the_term() -> None:
    row = alone()
    assert isinstance(row, Eligible)
    assert [criterion.code for criterion in row.criteria] == CODES
    assert (row.unit_price, row.amount, row.score) == (Decimal("4.1000"), Decimal("442800"), Decimal("100.00"))
    assert sentence(row.criteria[2].detail) == (
        "ISO/IEC 27001 : vérifié et valable jusqu'au 31 décembre 2030 ; le marché se termine le 30 avril 2030."
    )


@pytest.mark.parametrize(
    ("candidate", "failed", "said"),
    [
        (replace(GOOD, standing=Standing(False)), "provider_verified", "Prestataire pas encore vérifié par la plateforme."),
        (
            replace(GOOD, standing=Standing(True, suspended_until=TODAY)), "provider_not_suspended",
            "Prestataire suspendu jusqu'au 23 novembre 2026.",
        ),
        (replace(GOOD, certificates=()), "certificate_iso27001", "Aucun certificat ISO/IEC 27001 déclaré."),
        (
            replace(GOOD, certificates=(replace(HELD, valid_until=date(2027, 11, 30)),)), "certificate_iso27001",
            "Le certificat ISO/IEC 27001 expire le 30 novembre 2027, au 7e mois d'un contrat de 36.",
        ),
        (replace(GOOD, regions=frozenset({"11"})), "region", "Régions exigées et non servies : Auvergne-Rhône-Alpes."),
        (replace(GOOD, offers=()), "offer_published", "Aucune fiche publiée dans cette catégorie."),
        (with_offer(status="withdrawn"), "offer_published", "La fiche « EDR fictif » a été retirée du catalogue."),
        (
            with_offer(price_period="year"), "offer_published",
            "La fiche « EDR fictif » n'est pas comptée dans l'unité et la période de ce lot.",
        ),
        (
            with_offer(delivery_modes=("on_site",)), "delivery_mode",
            "L'intervention à distance est exigée et n'est pas proposée.",
        ),
        (with_offer(capacity=2999), "capacity", "Capacité de 2\u202f999 postes seulement, pour 3\u202f000 réunis."),
        (
            with_offer(minimum_quantity=3001), "offer_minimum",
            "Minimum de la fiche non atteint : 3\u202f001 postes demandés, 3\u202f000 réunis.",
        ),
    ],
)  # fmt: skip
def test_each_requirement_excludes_alone_and_says_why(candidate: Candidate, failed: str, said: str) -> None:
    row = alone(candidate)
    assert isinstance(row, Excluded)
    assert [criterion.code for criterion in row.failed] == [failed]
    assert sentence(row.failed[0].detail) == said


def test_bounds_are_included() -> None:
    assert isinstance(alone(with_offer(capacity=3000, minimum_quantity=3000)), Eligible)
    assert isinstance(alone(replace(GOOD, standing=Standing(True, suspended_until=date(2026, 11, 22)))), Eligible)
    assert isinstance(alone(with_offer(capacity=None)), Eligible)


def test_what_a_provider_can_deliver_in_the_category_counts_beside_its_offer_s_capacity() -> None:
    def limited(units: int, **offer: object) -> Candidate:
        return replace(with_offer(**offer), capacities={("edr", "endpoint"): units, ("soc", "endpoint"): 1})

    row = alone(limited(2999))
    assert [criterion.code for criterion in row.failed] == ["capacity"]
    assert sentence(row.failed[0].detail) == (
        "Capacité du prestataire dans cette catégorie : 2\u202f999 postes seulement, pour 3\u202f000 réunis."
    )
    assert isinstance(alone(limited(3000, capacity=None)), Eligible)
    tighter = alone(limited(20001, capacity=2000))
    assert sentence(tighter.failed[0].detail).startswith("Capacité de 2\u202f000 postes seulement")
    assert isinstance(alone(replace(GOOD, capacities={("edr", "site"): 1})), Eligible)


def test_missing_hds_activities_are_named_one_by_one() -> None:
    hds = replace(HELD, scheme="hds", version=HDS.versions["v2"], activities=frozenset({1, 2}))
    row = alone(replace(GOOD, certificates=(HELD, hds)), replace(ASK, hds_activities=frozenset({1, 5, 6})))
    assert isinstance(row, Excluded)
    assert [criterion.code for criterion in row.failed] == ["hds_activities"]
    assert sentence(row.failed[0].detail) == (
        "L'activité HDS 5 (activité 5) n'est couverte ni par le prestataire ni par ses sous-traitants déclarés. "
        "L'activité HDS 6 (activité 6) n'est couverte ni par le prestataire ni par ses sous-traitants déclarés."
    )


def test_a_lot_that_asks_nothing_special_still_shows_its_criteria() -> None:
    row = alone(ask=replace(ASK, certificates=(), regions={}, delivery_modes=()))
    assert [c.code for c in row.criteria] == [code for code in CODES if code != "certificate_iso27001"]
    assert all(criterion.passed for criterion in row.criteria)


def test_while_nothing_is_pooled_the_price_is_at_the_offer_s_own_minimum_and_says_so() -> None:
    row = alone(ask=replace(ASK, quantity=0))
    assert isinstance(row, Eligible)
    assert (row.priced_quantity, row.unit_price) == (500, Decimal("5.0000"))
    assert sentence(row.criteria[-1].detail) == (
        "Rien n'est encore réuni : prix indicatif au minimum de la fiche, 500 postes."
    )


def test_a_provider_appears_once_by_its_cheapest_eligible_offer() -> None:
    dear = replace(OFFER, offer_id=UUID(int=2), grid=PriceGrid("all_units", brackets_from([(1, Decimal(9))])))
    closed = replace(OFFER, offer_id=UUID(int=3), status="withdrawn")
    row = alone(replace(GOOD, offers=(dear, closed, OFFER)))
    assert isinstance(row, Eligible)
    assert row.offer_id == OFFER.offer_id


def test_an_excluded_provider_shows_the_offer_that_lacks_least() -> None:
    two_short = replace(OFFER, offer_id=UUID(int=2), capacity=1, delivery_modes=())
    row = alone(replace(GOOD, offers=(two_short, replace(OFFER, capacity=1))))
    assert isinstance(row, Excluded)
    assert row.offer_id == OFFER.offer_id


def test_best_price_first_with_a_proportional_score_and_ties_by_provider() -> None:
    double = PriceGrid("all_units", brackets_from([(1, Decimal("8.20"))]))
    dearer = replace(held_by(UUID(int=5)), offers=(replace(OFFER, grid=double),))
    twin = held_by(UUID(int=7))
    found = match(ASK, [dearer, GOOD, twin], SCHEMES, TODAY)
    assert [(row.provider_id.int, row.score) for row in found.eligible] == [
        (7, Decimal("100.00")), (10, Decimal("100.00")), (5, Decimal("50.00")),
    ]  # fmt: skip


def test_a_free_offer_has_the_best_score_and_the_others_none() -> None:
    assert score(Decimal(0), Decimal(0)) == 100
    assert score(Decimal(0), Decimal(3)) == 0


def test_the_amount_is_the_grids_total_and_not_a_rounded_unit_price_times_the_quantity() -> None:
    grid = PriceGrid("incremental", brackets_from([(1, Decimal("10")), (2, Decimal("4.10"))]), Decimal("100"))
    row = alone(with_offer(grid=grid))
    assert isinstance(row, Eligible)
    assert row.unit_price == Decimal("4.1029")
    assert (row.amount, row.amount.as_tuple().exponent) == ((10 + 2999 * Decimal("4.10")) * 36 + 100, -2)


def test_mobilisation_is_counted_once_over_the_term() -> None:
    row = alone(with_offer(grid=replace(GRID, mobilisation_amount=Decimal(10800))))
    assert isinstance(row, Eligible)
    assert (row.unit_price, row.amount) == (Decimal("4.2000"), Decimal(442800 + 10800))


def test_regional_uplifts_weigh_by_what_is_bought_there() -> None:
    grid = replace(GRID, regional_uplifts={"02": Decimal("0.40")})
    assert mean_uplift(grid, {"84": 2250, "02": 750}) == Decimal("0.10")
    row = alone(with_offer(grid=grid), replace(ASK, quantity_by_region={"84": 2250, "02": 750}))
    assert isinstance(row, Eligible)
    assert row.unit_price == Decimal("4.2000")
    assert mean_uplift(grid, {}) == 0


@given(st.permutations(range(6)), st.lists(st.integers(1, 9), min_size=6, max_size=6), st.integers(0, 4000))
def test_the_order_of_candidates_never_matters(order: list[int], prices: list[int], quantity: int) -> None:
    candidates = [
        replace(
            GOOD, provider_id=UUID(int=n + 1),
            offers=(replace(OFFER, grid=PriceGrid("all_units", brackets_from([(1, Decimal(price))]))),),
        )
        for n, price in enumerate(prices)
    ]  # fmt: skip
    ask = replace(ASK, quantity=quantity)
    found = match(ask, candidates, SCHEMES, TODAY)
    assert match(ask, [candidates[n] for n in order], SCHEMES, TODAY) == found
    assert len(found.eligible) + len(found.excluded) == 6
    assert [row.unit_price for row in found.eligible] == sorted(row.unit_price for row in found.eligible)
    assert all(not row.failed for row in found.excluded) is (not found.excluded)
