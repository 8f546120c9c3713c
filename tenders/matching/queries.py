"""Who can answer a lot, as one reader may see it: values from rows, then the pure rule."""
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import exists, func, or_, select
from sqlalchemy.orm import Session, selectinload

from catalog.certifications.queries import held_by_provider, list_schemes
from catalog.certifications.rules.coverage import Period
from catalog.certifications.rules.states import Scheme
from catalog.offers.models import Offer
from catalog.offers.queries import grid_of
from catalog.offers.rules import Bracket, PriceGrid, bracket_for
from catalog.providers.models import Provider
from catalog.providers.queries import capacities_of, list_own_providers, standing_of, visible_providers
from marketplace.categories.units import unit_word
from marketplace.establishments.models import Establishment
from marketplace.establishments.territory import COLLECTIVITIES, REGIONS
from marketplace.grappes.models import INSIDE, GrappeMembership
from marketplace.platform import clock
from marketplace.platform.i18n import language
from marketplace.platform.permissions import Actor, allowed, require
from tenders.demand.models import Closing, LotGrappeTotals, LotTotals, Need
from tenders.matching.rules import Ask, Candidate, Eligible, Excluded, Matches, OfferTerms, match
from tenders.vehicles.models import Lot
from tenders.vehicles.queries import get_lot
from tenders.vehicles.rules import periods

TERRITORIES = {**REGIONS, **COLLECTIVITIES}


@dataclass(frozen=True)
class LotMatches:
    """Who can answer a lot. `basis` of the quantity: ordered, pooled, or none while nothing is pooled.

    `own_only`: the reader is a provider; it sees its own row, and no score (a score would tell a rival's price).
    """

    lot: Lot
    quantity: int
    basis: str
    own_only: bool
    eligible: tuple[Eligible, ...]
    excluded: tuple[Excluded, ...]


@dataclass(frozen=True)
class OwnMatch:
    """Where a provider stands on a lot: `row.failed` is empty for an Eligible, what is missing for an Excluded."""

    lot: Lot
    provider: Provider
    row: Eligible | Excluded


@dataclass(frozen=True)
class _Pooled:
    quantity: int
    basis: str
    by_region: Mapping[str, int]


def get_matches(session: Session, actor: Actor, lot_id: UUID) -> LotMatches:
    """Who can answer the lot; NotFound when the actor may not see the lot, NotAllowed when not who can answer it."""
    lot = get_lot(session, actor, lot_id)
    require(actor, "match.read", **_relations(session, actor, lot))
    return _matches(session, actor, lot)


def find_matches(session: Session, actor: Actor, lot: Lot) -> LotMatches | None:
    """The same for a lot already loaded; None when the matches are not for this actor (for pages that show a lot)."""
    if not allowed(actor, "match.read", **_relations(session, actor, lot)):
        return None
    return _matches(session, actor, lot)


def list_own_matches(
    session: Session, actor: Actor, lots: Sequence[Lot], schemes: Mapping[str, Scheme] | None = None
) -> list[OwnMatch]:
    """Where the actor's own provider(s) stand on each lot, in the lots' order; a constant number of statements."""
    providers = list_own_providers(session, actor)
    if not providers or not lots:
        return []
    schemes, today = schemes or list_schemes(session, language()), clock.today()
    candidates = _candidates(session, providers, None, schemes)
    pooled = _pooled(session, lots, weigh=any(offer.grid.regional_uplifts for c in candidates for offer in c.offers))
    by_id = {provider.id: provider for provider in providers}
    found = []
    for lot in lots:
        narrowed = [_narrowed(candidate, lot.category_code) for candidate in candidates]
        answer = match(_ask(lot, pooled[lot.id]), narrowed, schemes, today)
        rows: list[Eligible | Excluded] = [*answer.eligible, *answer.excluded]
        found += [OwnMatch(lot, by_id[row.provider_id], row) for row in rows]
    return found


@dataclass(frozen=True)
class BestPrice:
    """The lowest unit price of a provider that can answer, the bracket of its grid that the quantity reaches, and how
    many providers can answer.
    """

    unit_price: Decimal
    bracket: Bracket
    providers: int


def list_best_prices(
    session: Session, actor: Actor, lot: Lot, quantities: Sequence[int], days: Sequence[date] | None = None
) -> list[BestPrice | None]:
    """The lowest unit price of a provider that can answer, for each pooled quantity (None: nobody can, or nothing pooled).

    Euros excluding VAT, of offers this actor sees; whose they are is not told. A constant number of statements. `days`:
    for each quantity the day on which certificates are looked at, today when left out.
    """
    return best_prices_by_lot(session, actor, [lot], {lot.id: quantities}, days=days)[lot.id]


def best_prices_by_lot(
    session: Session, actor: Actor, lots: Sequence[Lot], quantities: Mapping[UUID, Sequence[int]],
    region: str | None = None, days: Sequence[date] | None = None,
) -> dict[UUID, list[BestPrice | None]]:
    """The same for several lots of one category, still in a constant number of statements."""
    if not lots:
        return {}
    schemes, today, category = list_schemes(session, language()), clock.today(), lots[0].category_code
    candidates = list_candidates(session, actor, category, schemes)
    if region is not None:
        candidates = [candidate for candidate in candidates if region in candidate.regions]
    pooled = _pooled(session, lots, weigh=any(o.grid.regional_uplifts for c in candidates for o in c.offers))
    grids = {offer.offer_id: offer.grid for candidate in candidates for offer in candidate.offers}
    prices: dict[UUID, list[BestPrice | None]] = {}
    for lot in lots:
        prices[lot.id] = []
        for place, quantity in enumerate(quantities[lot.id]):
            asked = replace(pooled[lot.id], quantity=quantity)
            if region is not None:
                asked = replace(asked, by_region={region: 1})  # this region's own uplift
            answer = match(_ask(lot, asked), candidates, schemes, days[place] if days else today)
            best = answer.eligible[0] if quantity and answer.eligible else None
            price = _best_price(best, grids[best.offer_id], len(answer.eligible)) if best else None
            prices[lot.id].append(price)
    return prices


def list_candidates(
    session: Session, actor: Actor, category: str, schemes: Mapping[str, Scheme]
) -> list[Candidate]:
    """Who publishes something in a category, with certificates, as this actor sees it: four statements."""
    return _candidates(session, _providers_selling(session, actor, category), category, schemes)


def _best_price(best: Eligible, grid: PriceGrid, providers: int) -> BestPrice:
    return BestPrice(best.unit_price, bracket_for(grid, best.priced_quantity), providers)


def _relations(session: Session, actor: Actor, lot: Lot) -> dict[str, Any]:
    """The organisations through which the actor stands in relation to the lot."""
    mine = actor.organisation_ids(kind="care_operator")
    return {
        "centre": lot.vehicle.organisation_id,
        "provider": actor.organisation_ids(kind="provider"),
        "own": mine if mine and _takes_part(session, mine, lot.id) else set(),
    }


def _takes_part(session: Session, organisation_ids: Iterable[UUID], lot_id: UUID) -> bool:
    """Whether one of these organisations has a need on the lot, or sits in a grappe that brings needs to it."""
    ids = list(organisation_ids)
    own_need = exists().where(
        Need.lot_id == lot_id,
        Need.establishment_id.in_(select(Establishment.id).where(Establishment.organisation_id.in_(ids))),
    )
    brings = LotGrappeTotals
    own_grappe = exists().where(
        brings.lot_id == lot_id,
        brings.firm + brings.conditional + brings.awaiting_signature + brings.waitlisted + brings.indicative > 0,
        GrappeMembership.grappe_id == brings.grappe_id,
        GrappeMembership.status.in_(INSIDE),
        Establishment.id == GrappeMembership.establishment_id,
        Establishment.organisation_id.in_(ids),
    )
    return bool(session.execute(select(or_(own_need, own_grappe))).scalar_one())


def _matches(session: Session, actor: Actor, lot: Lot) -> LotMatches:
    own_providers = actor.has_kind("provider")
    is_centre = actor.is_system or lot.vehicle.organisation_id in actor.organisation_ids(kind="purchasing_centre")
    own_only = own_providers and not is_centre
    providers = list_own_providers(session, actor) if own_only else _providers_selling(session, actor, lot.category_code)
    schemes = list_schemes(session, language())
    candidates = _candidates(session, providers, lot.category_code, schemes)
    pooled = _pooled(session, [lot], weigh=any(o.grid.regional_uplifts for c in candidates for o in c.offers))[lot.id]
    found: Matches = match(_ask(lot, pooled), candidates, schemes, clock.today())
    eligible = tuple(replace(row, score=None) for row in found.eligible) if own_only else found.eligible
    return LotMatches(lot, pooled.quantity, pooled.basis, own_only, eligible, found.excluded)


def _providers_selling(session: Session, actor: Actor, category: str) -> list[Provider]:
    """Visible providers that published something in the category, even if they withdrew it since."""
    sells = exists().where(
        Offer.provider_id == Provider.id, Offer.category_code == category, Offer.published_at.is_not(None)
    )
    return list(session.scalars(visible_providers(actor).where(sells).order_by(Provider.id)))


def _candidates(
    session: Session, providers: Sequence[Provider], category: str | None, schemes: Mapping[str, Scheme]
) -> list[Candidate]:
    """The providers with certificates and offers (of one category, or all), as the rule reads them: four statements."""
    ids = [provider.id for provider in providers]
    certificates = held_by_provider(session, ids, schemes)
    capacities = capacities_of(session, ids)
    statement = select(Offer).where(Offer.provider_id.in_(ids)).options(selectinload(Offer.brackets)).order_by(Offer.id)
    if category is not None:
        statement = statement.where(Offer.category_code == category)
    offers: dict[UUID, list[OfferTerms]] = {}
    for offer in session.scalars(statement):
        offers.setdefault(offer.provider_id, []).append(terms_of(offer))
    candidates = [
        Candidate(
            p.id, p.name, standing_of(p), frozenset(p.regions), tuple(certificates.get(p.id, ())),
            tuple(offers.get(p.id, ())), capacities.get(p.id, {}),
        )
        for p in providers
    ]  # fmt: skip
    return [_narrowed(candidate, category) if category else candidate for candidate in candidates]


def _narrowed(candidate: Candidate, category: str) -> Candidate:
    """The candidate with what it publishes in the category; when it publishes nothing, its last offer says why."""
    offers = [offer for offer in candidate.offers if offer.category == category]
    kept = [offer for offer in offers if offer.status == "published"] or offers[-1:]
    return replace(candidate, offers=tuple(kept))


def terms_of(offer: Offer) -> OfferTerms:
    """An offer as the rule reads it; its brackets must be loaded."""
    return OfferTerms(
        offer.id, offer.title, offer.category_code, offer.unit, offer.price_period, offer.status, grid_of(offer),
        offer.minimum_quantity, offer.capacity, tuple(offer.delivery_modes),
    )  # fmt: skip


def ask_of(lot: Lot, quantity: int) -> Ask:
    """What a lot asks at a quantity, without weighing regional uplifts; its vehicle's term."""
    return _ask(lot, _Pooled(quantity, "ordered", {}))


def _ask(lot: Lot, pooled: _Pooled) -> Ask:
    asked = lot.requirements or {}
    return Ask(
        category=lot.category_code,
        unit=lot.unit,
        price_period=lot.price_period,
        term=Period(lot.vehicle.starts_on, lot.vehicle.ends_on),
        periods=periods(lot.term_months, lot.price_period),
        quantity=pooled.quantity,
        certificates=tuple(asked.get("certificates") or ()),
        hds_activities=frozenset(asked.get("hds_activities") or ()),
        regions={code: TERRITORIES.get(code, code) for code in asked.get("regions") or ()},
        delivery_modes=tuple(asked.get("delivery_modes") or ()),
        quantity_by_region=pooled.by_region,
        unit_words=unit_word(lot.unit, pooled.quantity or 2, language()),
    )


def _pooled(session: Session, lots: Sequence[Lot], *, weigh: bool) -> dict[UUID, _Pooled]:
    """The quantity each lot is priced at: what the last closing ordered, else firm and conditional together.

    `weigh`: also by region, for offers with regional uplifts (a sum over needs, asked only then).
    """
    ids = [lot.id for lot in lots]
    closings = select(Closing).where(Closing.lot_id.in_(ids), Closing.outcome == "met").order_by(Closing.round)
    ordered = {closing.lot_id: closing.ordered_quantity for closing in session.scalars(closings)}
    sums = select(LotTotals.lot_id, LotTotals.firm + LotTotals.conditional).where(LotTotals.lot_id.in_(ids))
    pooled = dict(session.execute(sums).all())
    regions = _by_region(session, ids) if weigh else {}
    found = {}
    for lot in lots:
        is_ordered = lot.closed_at is not None and lot.id in ordered
        quantity = ordered[lot.id] if is_ordered else pooled.get(lot.id, 0)
        basis = "ordered" if is_ordered else "pooled" if quantity else "none"
        found[lot.id] = _Pooled(quantity, basis, regions.get(lot.id, {}))
    return found


def _by_region(session: Session, lot_ids: Sequence[UUID]) -> dict[UUID, dict[str, int]]:
    quantity = func.coalesce(Need.ordered_quantity, Need.quantity)
    statement = (
        select(Need.lot_id, Establishment.region, func.sum(quantity))
        .join(Establishment, Establishment.id == Need.establishment_id)
        .where(Need.lot_id.in_(lot_ids), or_(Need.status == "counted", Need.ordered_quantity > 0))
        .group_by(Need.lot_id, Establishment.region)
    )
    found: dict[UUID, dict[str, int]] = {}
    for lot_id, region, total in session.execute(statement):
        found.setdefault(lot_id, {})[region or ""] = int(total)
    return found

