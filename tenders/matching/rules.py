"""Who can answer a lot, at which price, and why not: every hard requirement passed or failed with its reason.

Price is compared at the quantity ordered once the lot is closed, at the pooled quantity (firm and conditional) before.
While nothing is pooled each offer is priced at its own minimum, and its criterion says so.
"""
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Final
from uuid import UUID

from catalog.certifications.rules.coverage import Coverage, Period, Requirement, coverage
from catalog.certifications.rules.states import HeldCertificate, Scheme
from catalog.offers.rules import PriceGrid, price_for, unit_price_with_uplift
from catalog.providers.rules import Standing
from marketplace.platform.errors import N_, Sentence
from marketplace.platform.money import round_cents

Schemes = Mapping[str, Scheme]


@dataclass(frozen=True)
class Ask:
    """What a lot asks. `term` is the vehicle's, days included; `periods` how often the price falls due over the lot's term.

    `quantity` in the lot's unit; `unit_words` name that unit and the period in the reader's language. `regions` maps
    required INSEE codes to names. `quantity_by_region` weighs the regional uplifts; empty: none applies.
    """

    category: str
    unit: str
    price_period: str
    term: Period
    periods: int
    quantity: int
    certificates: tuple[str, ...] = ()
    hds_activities: frozenset[int] = frozenset()
    regions: Mapping[str, str] = field(default_factory=dict)
    delivery_modes: tuple[str, ...] = ()
    quantity_by_region: Mapping[str, int] = field(default_factory=dict)
    unit_words: str = ""


@dataclass(frozen=True)
class OfferTerms:
    """An offer as far as matching looks at it. `capacity` None: no limit declared."""

    offer_id: UUID
    title: str
    category: str
    unit: str
    price_period: str
    status: str
    grid: PriceGrid
    minimum_quantity: int
    capacity: int | None
    delivery_modes: tuple[str, ...]


@dataclass(frozen=True)
class Candidate:
    """A provider with its certificates and those of its subcontractors, and its offers in the category.

    Activities may be covered by all of them together; a certificate required as such is the provider's own (domain §5).
    """

    provider_id: UUID
    name: str
    standing: Standing
    regions: frozenset[str]
    certificates: tuple[HeldCertificate, ...]
    offers: tuple[OfferTerms, ...]
    capacities: Mapping[tuple[str, str], int] = field(default_factory=dict)
    """What it can deliver, all offers together, by (category, unit); not named: no limit declared."""


@dataclass(frozen=True)
class Criterion:
    """One requirement, whether it is met, and the reason."""

    code: str
    passed: bool
    detail: Sentence


@dataclass(frozen=True)
class Eligible:
    """A provider that can answer, with its best offer. Euros excluding VAT; `amount` over the whole term, to the cent.

    `score` is proportional: 100 × lowest unit price / own unit price, two decimals; the best price has 100.
    `priced_quantity` is the quantity the price is for: the offer's own minimum while nothing is pooled.
    """

    provider_id: UUID
    provider_name: str
    offer_id: UUID
    unit_price: Decimal
    amount: Decimal
    priced_quantity: int
    criteria: tuple[Criterion, ...]
    score: Decimal | None = None

    @property
    def failed(self) -> tuple[Criterion, ...]:
        """Nothing."""
        return ()


@dataclass(frozen=True)
class Excluded:
    """A provider that cannot answer: its closest offer's criteria (None: it has no offer in the category)."""

    provider_id: UUID
    provider_name: str
    offer_id: UUID | None
    criteria: tuple[Criterion, ...]

    @property
    def failed(self) -> tuple[Criterion, ...]:
        """What is missing."""
        return tuple(criterion for criterion in self.criteria if not criterion.passed)


@dataclass(frozen=True)
class Matches:
    """Everybody looked at: eligible best first, excluded by how little they lack."""

    eligible: tuple[Eligible, ...]
    excluded: tuple[Excluded, ...]


def match(ask: Ask, candidates: Iterable[Candidate], schemes: Schemes, today: date) -> Matches:
    """Every candidate once, by its best offer. Order and ties are deterministic: price, then provider id.

    KeyError when the lot requires a scheme that does not exist.
    """
    eligible, excluded = [], []
    for candidate in candidates:
        found = _best(ask, candidate, schemes, today)
        if isinstance(found, Eligible):
            eligible.append(found)
        else:
            excluded.append(found)
    eligible.sort(key=lambda row: (row.unit_price, str(row.provider_id)))
    excluded.sort(key=lambda row: (len(row.failed), str(row.provider_id)))
    return Matches(tuple(_scored(eligible)), tuple(excluded))


def _best(ask: Ask, candidate: Candidate, schemes: Schemes, today: date) -> Eligible | Excluded:
    """The provider's cheapest eligible offer, else the one that lacks least."""
    common = _provider_criteria(ask, candidate, schemes, today)
    if not candidate.offers:
        criteria = (*common, _plain("offer_published", False, NO_OFFER))
        return Excluded(candidate.provider_id, candidate.name, None, criteria)
    rows: list[Eligible | Excluded] = []
    for offer in candidate.offers:
        criteria = (*common, *_offer_criteria(ask, offer, candidate.capacities.get((ask.category, ask.unit))))
        if all(criterion.passed for criterion in criteria):
            rows.append(_priced(ask, candidate, offer, criteria))
        else:
            rows.append(Excluded(candidate.provider_id, candidate.name, offer.offer_id, criteria))
    eligible = [row for row in rows if isinstance(row, Eligible)]
    if eligible:
        return min(eligible, key=lambda row: (row.unit_price, str(row.offer_id)))
    lacking = [row for row in rows if isinstance(row, Excluded)]
    return min(lacking, key=lambda row: (len(row.failed), str(row.offer_id)))


def _priced(ask: Ask, candidate: Candidate, offer: OfferTerms, criteria: tuple[Criterion, ...]) -> Eligible:
    """Unit price by domain §4b.8; amount over the term by §4b.1, from the grid itself and not from the rounded price."""
    quantity = ask.quantity or offer.minimum_quantity
    uplift = mean_uplift(offer.grid, ask.quantity_by_region)
    price = unit_price_with_uplift(offer.grid, quantity, uplift, periods=ask.periods)
    of_a_period = price_for(offer.grid, quantity) + uplift * quantity
    amount = round_cents(of_a_period * ask.periods + offer.grid.mobilisation_amount)
    return Eligible(candidate.provider_id, candidate.name, offer.offer_id, price, amount, quantity, criteria)


def mean_uplift(grid: PriceGrid, quantity_by_region: Mapping[str, int]) -> Decimal:
    """Euros per unit added on average, weighing each region's uplift by what is bought there; 0 when nothing is."""
    whole = sum(quantity_by_region.values())
    if not whole:
        return Decimal(0)
    uplifts = grid.regional_uplifts
    return sum((uplifts.get(region, Decimal(0)) * n for region, n in quantity_by_region.items()), Decimal(0)) / whole


def _scored(eligible: Sequence[Eligible]) -> list[Eligible]:
    lowest = min((row.unit_price for row in eligible), default=Decimal(0))
    return [replace(row, score=score(lowest, row.unit_price)) for row in eligible]


def score(lowest: Decimal, price: Decimal) -> Decimal:
    """Proportional price score out of 100, two decimals half-up; a price of zero has 100."""
    if price == 0:
        return Decimal("100.00")
    return (100 * lowest / price).quantize(Decimal("0.01"), ROUND_HALF_UP)


def _provider_criteria(ask: Ask, candidate: Candidate, schemes: Schemes, today: date) -> tuple[Criterion, ...]:
    """What does not depend on an offer."""
    standing = candidate.standing
    suspended = standing.is_suspended_on(today)
    verified = VERIFIED if standing.is_verified else NOT_VERIFIED
    served = [name for code, name in sorted(ask.regions.items()) if code not in candidate.regions]
    criteria = [
        _plain("provider_verified", standing.is_verified, verified),
        _plain("provider_not_suspended", not suspended, SUSPENDED if suspended else NOT_SUSPENDED,
               day=standing.suspended_until),
    ]  # fmt: skip
    own = tuple(held for held in candidate.certificates if held.holder == candidate.provider_id)
    for code in ask.certificates:
        answer = coverage(Requirement(code), own, ask.term, schemes, today)
        criteria.append(_covered(f"certificate_{code}", answer, COVERED, ask, scheme=schemes[code].name))
    if ask.hds_activities:
        answer = coverage(Requirement("hds", ask.hds_activities), candidate.certificates, ask.term, schemes, today)
        numbers = ", ".join(str(number) for number in sorted(ask.hds_activities))
        criteria.append(_covered("hds_activities", answer, ACTIVITIES_COVERED, ask, numbers=numbers))
    if served:
        criteria.append(_plain("region", False, REGIONS_NOT_SERVED, regions=", ".join(served)))
    else:
        criteria.append(_plain("region", True, REGIONS_SERVED if ask.regions else NO_REGION))
    return tuple(criteria)


def _offer_criteria(ask: Ask, offer: OfferTerms, of_category: int | None) -> tuple[Criterion, ...]:
    lacking = [mode for mode in ask.delivery_modes if mode not in offer.delivery_modes]
    words = {"unit": ask.unit_words, "quantity": ask.quantity}
    return (
        _published(ask, offer),
        _plain("delivery_mode", not lacking, MODES_LACKING[tuple(lacking)] if lacking else MODES_OFFERED),
        _capacity(ask, offer.capacity, of_category, words),
        _minimum(ask, offer, words),
    )  # fmt: skip


def _capacity(ask: Ask, of_offer: int | None, of_category: int | None, words: Mapping[str, object]) -> Criterion:
    """The tighter of what the offer says and of what the provider can deliver in the category at all."""
    limits = [limit for limit in (of_offer, of_category) if limit is not None]
    if not limits:
        return _plain("capacity", True, NO_CAPACITY_LIMIT, capacity=None, **words)
    tightest = min(limits)
    sentences = CAPACITY if tightest == of_offer else CATEGORY_CAPACITY
    enough = tightest >= ask.quantity
    return _plain("capacity", enough, sentences[enough], capacity=tightest, **words)


def _published(ask: Ask, offer: OfferTerms) -> Criterion:
    if offer.status != "published":
        return _plain("offer_published", False, NOT_PUBLISHED[offer.status], title=offer.title)
    if (offer.category, offer.unit, offer.price_period) != (ask.category, ask.unit, ask.price_period):
        return _plain("offer_published", False, OTHER_UNIT, title=offer.title)
    return _plain("offer_published", True, PUBLISHED, title=offer.title)


def _minimum(ask: Ask, offer: OfferTerms, words: Mapping[str, object]) -> Criterion:
    values = {"minimum": offer.minimum_quantity, **words}
    if ask.quantity == 0:
        return _plain("offer_minimum", True, NOTHING_POOLED, **values)
    reached = offer.minimum_quantity <= ask.quantity
    return _plain("offer_minimum", reached, MINIMUM_REACHED if reached else MINIMUM_MISSED, **values)


def _covered(code: str, answer: Coverage, passed: str, ask: Ask, **values: object) -> Criterion:
    if answer.is_covered:
        return _plain(code, True, passed, day=answer.until, end=ask.term.ends_on, **values)
    said = {f"gap_{number}": gap for number, gap in enumerate(answer.missing)}
    return Criterion(code, False, Sentence(code, " ".join(f"{{{name}}}" for name in said), said))


def _plain(code: str, passed: bool, template: str, **values: object) -> Criterion:
    return Criterion(code, passed, Sentence(code, template, values))


VERIFIED: Final = N_("Prestataire vérifié par la plateforme.")
NOT_VERIFIED: Final = N_("Prestataire pas encore vérifié par la plateforme.")
NOT_SUSPENDED: Final = N_("Aucune suspension en cours.")
SUSPENDED: Final = N_("Prestataire suspendu jusqu'au {day}.")
COVERED: Final = N_("{scheme} : vérifié et valable jusqu'au {day} ; le marché se termine le {end}.")
ACTIVITIES_COVERED: Final = N_("Activités HDS {numbers} couvertes jusqu'au {day} ; le marché se termine le {end}.")
NO_REGION: Final = N_("Aucune région exigée.")
REGIONS_SERVED: Final = N_("Toutes les régions exigées sont servies.")
REGIONS_NOT_SERVED: Final = N_("Régions exigées et non servies : {regions}.")
NO_OFFER: Final = N_("Aucune fiche publiée dans cette catégorie.")
PUBLISHED: Final = N_("Fiche publiée : {title}.")
OTHER_UNIT: Final = N_("La fiche « {title} » n'est pas comptée dans l'unité et la période de ce lot.")
NOT_PUBLISHED: Final = {
    "draft": N_("La fiche « {title} » est un brouillon : elle n'est pas publiée."),
    "superseded": N_("La fiche « {title} » a été remplacée par une version qui n'est plus publiée."),
    "withdrawn": N_("La fiche « {title} » a été retirée du catalogue."),
}
MODES_OFFERED: Final = N_("Les modes d'intervention exigés sont proposés.")
MODES_LACKING: Final = {
    ("on_site",): N_("L'intervention sur site est exigée et n'est pas proposée."),
    ("remote",): N_("L'intervention à distance est exigée et n'est pas proposée."),
    ("on_site", "remote"): N_("Les interventions sur site et à distance sont exigées et ne sont pas proposées."),
    ("remote", "on_site"): N_("Les interventions sur site et à distance sont exigées et ne sont pas proposées."),
}
NO_CAPACITY_LIMIT: Final = N_("Aucune limite de capacité déclarée.")
CAPACITY: Final = {
    True: N_("Capacité de {capacity} {unit}, pour {quantity} réunis."),
    False: N_("Capacité de {capacity} {unit} seulement, pour {quantity} réunis."),
}
CATEGORY_CAPACITY: Final = {
    True: N_("Capacité du prestataire dans cette catégorie : {capacity} {unit}, pour {quantity} réunis."),
    False: N_("Capacité du prestataire dans cette catégorie : {capacity} {unit} seulement, pour {quantity} réunis."),
}
MINIMUM_REACHED: Final = N_("Minimum de la fiche : {minimum} {unit} ; {quantity} réunis.")
MINIMUM_MISSED: Final = N_("Minimum de la fiche non atteint : {minimum} {unit} demandés, {quantity} réunis.")
NOTHING_POOLED: Final = N_("Rien n'est encore réuni : prix indicatif au minimum de la fiche, {minimum} {unit}.")
