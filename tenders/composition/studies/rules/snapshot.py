"""From live needs and offers to an instance of the optimiser, and which needs have no offer at all, with the reason.

Each need stands for itself: an establishment appears once per category, since every category has its own lots, with
their own requirements. Each offer stands for a provider of its own: nothing here limits the work a provider may take on
over several contracts but the capacities of its offers.

A need without a stated stand-alone price must be served if any offer can: it is given a price that no proposal would
rather pay. That price is a penalty, never an amount: findings.py takes it out of every figure.
"""
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_UP, Decimal
from typing import Any, Final
from uuid import UUID

from catalog.offers.rules import PriceGrid
from marketplace.platform.errors import N_, Sentence

FORMAT: Final = "grappe-composition/1"
MOST: Final = 10**12
"""As much work as the format can say: no limit."""
TIMES_THE_DEAREST: Final = 10
_FINEST: Final = Decimal("0.0001")


@dataclass(frozen=True)
class Counting:
    """How a category is counted in a study: its unit, its price period, and periods over the study's term."""

    unit: str
    price_period: str
    periods: int


@dataclass(frozen=True)
class LiveNeed:
    """A need as it is now. `requires` are the marks an offer must bear (`marks_of`); the price is per unit and period."""

    establishment_id: UUID
    organisation_id: UUID
    lot_id: UUID
    grappe_id: UUID | None
    category: str
    unit: str
    price_period: str
    region: str | None
    quantity: int
    alone_unit_price: Decimal | None
    requires: frozenset[str] = frozenset()

    @property
    def key(self) -> str:
        """What names the need in an instance, and finds it again in a later study."""
        return f"{self.establishment_id}:{self.category}"


@dataclass(frozen=True)
class LiveOffer:
    """A published offer as it is now; `meets` are the marks it bears over the whole term."""

    offer_id: UUID
    provider_id: UUID
    category: str
    unit: str
    price_period: str
    grid: PriceGrid
    minimum_quantity: int
    capacity: int | None
    regions: frozenset[str]
    meets: frozenset[str]


@dataclass(frozen=True)
class LeftOut:
    """A need that no offer can serve, and why."""

    need: LiveNeed
    why: Sentence


@dataclass(frozen=True)
class SetAside:
    """An offer that the study cannot look at, and why."""

    offer: LiveOffer
    why: Sentence


@dataclass(frozen=True)
class Snapshot:
    """The frozen state: a `grappe-composition/1` document, its needs in order, and what is not in it."""

    document: dict[str, Any]
    needs: tuple[LiveNeed, ...]
    left_out: tuple[LeftOut, ...]
    set_aside: tuple[SetAside, ...]


def marks_of(requirements: Mapping[str, Any]) -> frozenset[str]:
    """What a lot's requirements ask of an offer, mark by mark: `iso27001`, `hds:5`, `region:84`, `mode:remote`."""
    return frozenset([
        *(requirements.get("certificates") or ()),
        *(f"hds:{activity}" for activity in requirements.get("hds_activities") or ()),
        *(f"region:{region}" for region in requirements.get("regions") or ()),
        *(f"mode:{mode}" for mode in requirements.get("delivery_modes") or ()),
    ])  # fmt: skip


def requirements_of(marks: Iterable[str]) -> dict[str, list[Any]]:
    """The requirements that ask for these marks: the inverse of `marks_of`, sorted."""
    found: dict[str, list[Any]] = {"certificates": [], "hds_activities": [], "regions": [], "delivery_modes": []}
    names = {"hds": "hds_activities", "region": "regions", "mode": "delivery_modes"}
    for mark in sorted(marks):
        kind, colon, value = mark.partition(":")
        if colon:
            found[names[kind]].append(int(value) if kind == "hds" else value)
        else:
            found["certificates"].append(mark)
    return found


def take_snapshot(
    needs: Sequence[LiveNeed], offers: Sequence[LiveOffer], countings: Mapping[str, Counting], names: Mapping[str, str]
) -> Snapshot:
    """What the optimiser will look at; needs in the order given, at most one per establishment and category.

    `names` say what regions and certificates are called, by mark; a mark without a name is its code.
    """
    usable, set_aside = _usable(offers, countings)
    by_category: dict[str, list[LiveOffer]] = defaultdict(list)
    for offer in usable:
        by_category[offer.category].append(offer)
    kept, left_out = [], []
    for need in needs:
        why = _why_nobody(need, by_category[need.category], countings[need.category], names)
        if why is None:
            kept.append(need)
        else:
            left_out.append(LeftOut(need, why))
    demand: dict[str, int] = defaultdict(int)
    for need in kept:
        demand[need.category] += need.quantity
    document = {
        "format": FORMAT,
        "currency": "EUR",
        "categories": [{"id": code, "support": False} for code in sorted({need.category for need in kept})],
        "establishments": [
            {"id": need.key, "region": need.region, "requires": sorted(need.requires)} for need in kept
        ],
        "needs": [_need_row(need, by_category[need.category], countings[need.category]) for need in kept],
        "providers": [
            {"id": str(offer.offer_id), "regions": sorted(offer.regions), "certificates": sorted(offer.meets),
             "workload_capacity": MOST}
            for offer in usable if demand[offer.category]
        ],
        "offers": [
            _offer_row(offer, countings[offer.category], demand[offer.category])
            for offer in usable if demand[offer.category]
        ],
    }  # fmt: skip
    return Snapshot(document, tuple(kept), tuple(left_out), tuple(set_aside))


def can_serve(need: LiveNeed, offer: LiveOffer) -> bool:
    """Whether the offer covers the need's region and bears every mark it requires."""
    return need.category == offer.category and need.region in offer.regions and need.requires <= offer.meets


def price_beyond_any(need: LiveNeed, offers: Sequence[LiveOffer]) -> Decimal:
    """Euros per unit and period that no proposal would rather pay: ten times the dearest, all mobilisation on this need."""
    prices = [bracket.unit_price for offer in offers for bracket in offer.grid.brackets]
    uplifts = [uplift for offer in offers for uplift in offer.grid.regional_uplifts.values()]
    once = max((offer.grid.mobilisation_amount for offer in offers), default=Decimal(0)) / need.quantity
    dearest = TIMES_THE_DEAREST * (max(prices, default=Decimal(1)) + max(uplifts, default=Decimal(0)))
    return (dearest + once + 1).quantize(_FINEST, ROUND_UP)


def _usable(
    offers: Sequence[LiveOffer], countings: Mapping[str, Counting]
) -> tuple[list[LiveOffer], list[SetAside]]:
    usable, aside = [], []
    for offer in offers:
        counting = countings[offer.category]
        if offer.grid.pricing != "all_units":
            aside.append(SetAside(offer, Sentence("incremental_grid", INCREMENTAL)))
        elif (offer.unit, offer.price_period) != (counting.unit, counting.price_period):
            aside.append(SetAside(offer, Sentence("counted_otherwise", OTHER_UNIT)))
        elif offer.capacity is not None and offer.capacity < offer.minimum_quantity:
            aside.append(SetAside(offer, Sentence("no_capacity", NO_CAPACITY)))
        else:
            usable.append(offer)
    return usable, aside


def _why_nobody(
    need: LiveNeed, offers: Sequence[LiveOffer], counting: Counting, names: Mapping[str, str]
) -> Sentence | None:
    """Why no offer can serve the need; None when one can."""
    if (need.unit, need.price_period) != (counting.unit, counting.price_period):
        return Sentence("counted_otherwise", NEED_IN_OTHER_UNIT)
    if not offers:
        return Sentence("no_offer", NO_OFFER)
    there = [offer for offer in offers if need.region in offer.regions]
    if not there:
        return Sentence("region_not_served", REGION_NOT_SERVED)
    lacking = min((need.requires - offer.meets for offer in there), key=lambda marks: (len(marks), sorted(marks)))
    if not lacking:
        return None
    words = {f"mark_{place}": _words_of(mark, names) for place, mark in enumerate(sorted(lacking))}
    listed = Sentence("marks", ", ".join(f"{{{name}}}" for name in words), words)
    return Sentence("requirements_not_met", NOT_MET, {"lacking": listed})


def _words_of(mark: str, names: Mapping[str, str]) -> Sentence:
    kind, colon, value = mark.partition(":")
    template = MARKS.get(mark) or MARKS[kind if colon else "certificate"]
    return Sentence(kind, template, {"value": names.get(mark, value or mark)})


def _need_row(need: LiveNeed, offers: Sequence[LiveOffer], counting: Counting) -> dict[str, Any]:
    able = [offer for offer in offers if can_serve(need, offer)]
    price = price_beyond_any(need, able) if need.alone_unit_price is None else need.alone_unit_price
    return {
        "establishment": need.key, "category": need.category, "quantity": need.quantity,
        "alone_unit_price": _text(price * counting.periods),
    }  # fmt: skip


def _offer_row(offer: LiveOffer, counting: Counting, demand: int) -> dict[str, Any]:
    """The offer over the whole term: what lies below its minimum or beyond its capacity is cut off."""
    most = offer.capacity if offer.capacity is not None else max(demand, offer.minimum_quantity)
    brackets = []
    for bracket in offer.grid.brackets:
        first = max(bracket.from_quantity, offer.minimum_quantity)
        last = most if bracket.to_quantity is None else min(bracket.to_quantity, most)
        if first <= last:
            brackets.append({"from": first, "to": last, "unit_price": _text(bracket.unit_price * counting.periods)})
    uplifts = offer.grid.regional_uplifts.items()
    return {
        "id": str(offer.offer_id), "provider": str(offer.offer_id), "category": offer.category,
        "mobilisation_cost": _text(offer.grid.mobilisation_amount), "workload_per_unit": 0, "brackets": brackets,
        "regional_uplift": {region: _text(uplift * counting.periods) for region, uplift in uplifts if uplift > 0},
    }  # fmt: skip


def _text(amount: Decimal) -> str:
    return f"{amount.quantize(_FINEST):f}"


INCREMENTAL: Final = N_("Prix par tranche cumulée : les études ne savent comparer que les grilles « toutes unités ».")
OTHER_UNIT: Final = N_("Fiche comptée dans une autre unité ou une autre période que sa catégorie.")
NO_CAPACITY: Final = N_("Fiche dont la capacité est inférieure à son propre minimum.")
NEED_IN_OTHER_UNIT: Final = N_("Besoin exprimé dans une autre unité ou une autre période que celle de la catégorie.")
NO_OFFER: Final = N_("Aucune fiche publiée dans cette catégorie par un prestataire vérifié.")
REGION_NOT_SERVED: Final = N_("Aucun prestataire de cette catégorie ne sert la région de l'établissement.")
NOT_MET: Final = N_("Aucun prestataire de la région ne remplit toutes les exigences ; au plus près, il manque : {lacking}.")
MARKS: Final[Mapping[str, str]] = {
    "certificate": N_("certificat {value}"),
    "hds": N_("activité HDS {value}"),
    "region": N_("présence en région {value}"),
    "mode:on_site": N_("intervention sur site"),
    "mode:remote": N_("intervention à distance"),
}
