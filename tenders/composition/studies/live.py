"""What a study freezes: live needs of a centre's vehicles or of a grappe, and the offers whose certificates hold."""
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from catalog.certifications.queries import list_schemes
from catalog.certifications.rules.coverage import Period, Requirement, coverage
from catalog.certifications.rules.states import Scheme
from marketplace.categories.models import ServiceCategory
from marketplace.establishments.territory import COLLECTIVITIES, REGIONS
from marketplace.platform import clock
from marketplace.platform.i18n import language
from marketplace.platform.months import months_after
from marketplace.platform.permissions import Actor
from tenders.composition.studies.rules.parameters import Parameters
from tenders.composition.studies.rules.snapshot import Counting, LiveNeed, LiveOffer, Snapshot, marks_of, take_snapshot
from tenders.matching.queries import list_candidates
from tenders.matching.rules import Candidate
from tenders.vehicles.rules import periods

_LIVE = text("""
SELECT DISTINCT ON (n.establishment_id, l.category_code)
       n.establishment_id, n.organisation_id, n.lot_id, l.category_code, l.unit, l.price_period, e.region, n.quantity,
       l.requirements, p.unit_price AS alone_unit_price, c.subject_id AS grappe_id
FROM needs n
JOIN lots l ON l.id = n.lot_id
JOIN vehicles v ON v.id = l.vehicle_id
JOIN establishments e ON e.id = n.establishment_id
LEFT JOIN stand_alone_prices p ON p.establishment_id = n.establishment_id AND p.category_code = l.category_code
LEFT JOIN pooling_claims c
       ON c.establishment_id = n.establishment_id AND c.category_code = l.category_code AND c.kind = 'membership'
WHERE l.category_code = ANY(:categories)
  AND l.opened_at IS NOT NULL AND l.closed_at IS NULL AND l.cancelled_at IS NULL AND v.ends_on >= :today
  AND n.status NOT IN ('excluded', 'released')
  AND (cardinality(CAST(:regions AS text[])) = 0 OR e.region = ANY(CAST(:regions AS text[])))
  AND (CAST(:centre_id AS uuid) IS NULL OR v.organisation_id = :centre_id)
  AND (CAST(:grappe_id AS uuid) IS NULL OR n.grappe_id = :grappe_id)
ORDER BY n.establishment_id, l.category_code,
         array_position(ARRAY['counted', 'waitlisted', 'awaiting_signature', 'to_confirm', 'not_counted'], n.status),
         n.changed_at DESC, n.lot_id
""")
"""The need that says most of an establishment in a category: a counted one before one still open, then the newest."""


def freeze(
    session: Session, actor: Actor, asked: Parameters, *, centre_id: UUID | None = None, grappe_id: UUID | None = None
) -> Snapshot:
    """The market as it is now for one study: of a centre's open lots, or of what one grappe brings to any lot."""
    countings = _countings(session, asked)
    values = {
        "categories": list(asked.categories), "regions": list(asked.regions), "today": clock.today(),
        "centre_id": centre_id, "grappe_id": grappe_id,
    }  # fmt: skip
    needs = [_need(row) for row in session.execute(_LIVE, values)]
    schemes = list_schemes(session, language())
    term = Period(clock.today(), months_after(clock.today(), asked.term_months))
    marks = frozenset(mark for need in needs for mark in need.requires)
    offers: list[LiveOffer] = []
    for category in asked.categories:
        for candidate in list_candidates(session, actor, category, schemes):
            offers += _offers(candidate, marks, schemes, term)
    return take_snapshot(needs, offers, countings, _names(schemes))


def _countings(session: Session, asked: Parameters) -> Mapping[str, Counting]:
    rows = session.scalars(select(ServiceCategory).where(ServiceCategory.code.in_(asked.categories)))
    return {
        row.code: Counting(row.unit, row.price_period, periods(asked.term_months, row.price_period)) for row in rows
    }


def _need(row: Any) -> LiveNeed:
    return LiveNeed(
        establishment_id=row.establishment_id,
        organisation_id=row.organisation_id,
        lot_id=row.lot_id,
        grappe_id=row.grappe_id,
        category=row.category_code,
        unit=row.unit,
        price_period=row.price_period,
        region=row.region,
        quantity=row.quantity,
        alone_unit_price=row.alone_unit_price,
        requires=marks_of(row.requirements or {}),
    )


def _offers(
    candidate: Candidate, marks: frozenset[str], schemes: Mapping[str, Scheme], term: Period
) -> Sequence[LiveOffer]:
    """Its published offers; none of a provider that is not verified, or suspended today."""
    standing = candidate.standing
    if not standing.is_verified or standing.is_suspended_on(term.starts_on):
        return []
    held = frozenset(mark for mark in marks if _holds(candidate, mark, schemes, term))
    served = frozenset(f"region:{region}" for region in candidate.regions)
    return [
        LiveOffer(
            offer.offer_id, candidate.provider_id, offer.category, offer.unit, offer.price_period, offer.grid,
            offer.minimum_quantity, _tightest(offer.capacity, candidate.capacities.get((offer.category, offer.unit))),
            candidate.regions,
            held | served | frozenset(f"mode:{mode}" for mode in offer.delivery_modes),
        )
        for offer in candidate.offers if offer.status == "published"
    ]  # fmt: skip


def _tightest(*limits: int | None) -> int | None:
    return min((each for each in limits if each is not None), default=None)


def _holds(candidate: Candidate, mark: str, schemes: Mapping[str, Scheme], term: Period) -> bool:
    """Whether certificates cover the mark over the whole term: its own, or any declared one for an HDS activity."""
    kind, colon, value = mark.partition(":")
    if colon and kind != "hds":
        return False
    if colon:
        asked, held = Requirement("hds", frozenset({int(value)})), candidate.certificates
    else:
        asked = Requirement(mark)
        held = tuple(one for one in candidate.certificates if one.holder == candidate.provider_id)
    return coverage(asked, held, term, schemes, term.starts_on).is_covered


def _names(schemes: Mapping[str, Scheme]) -> dict[str, str]:
    territories = {**REGIONS, **COLLECTIVITIES}
    return {code: scheme.name for code, scheme in schemes.items()} | {
        f"region:{code}": name for code, name in territories.items()
    }
