"""Whether what the search reads equals the catalogue: recomputed, compared, and said provider by provider."""
from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from catalog.offers.search.gathering import EVERY, read_columns
from catalog.offers.search.listings import BATCH, DOCUMENT, Listed, document_parts, offer_row, read_truth, refresh
from catalog.offers.search.models import (
    GatheredProvider,
    ListingBits,
    ListingChange,
    ListingSet,
    OfferListing,
    ProviderListing,
    SearchTrigram,
)  # fmt: skip
from catalog.offers.search.rules.bits import set_bits
from catalog.offers.search.rules.words import is_learnt
from catalog.providers.models import Provider
from marketplace.categories.models import ServiceCategory
from marketplace.platform.database import transaction

_DOCUMENT = text(f"SELECT ({DOCUMENT})::text")


def verify_listings(session: Session) -> list[UUID]:
    """The providers whose listings differ from the facts; empty when the search reads the truth. Writes nothing."""
    ids = session.scalars(select(Provider.id).order_by(Provider.id)).all()
    wrong: list[UUID] = []
    for start in range(0, len(ids), BATCH):
        wrong += _wrong_among(session, ids[start : start + BATCH])
    return wrong + sorted(_wrongly_gathered(session) - set(wrong))


def repair_listings() -> list[UUID]:
    """Write again the listings that differ from the facts; whose they were."""
    with transaction() as session:
        wrong = verify_listings(session)
        for start in range(0, len(wrong), BATCH):
            refresh(session, wrong[start : start + BATCH])
    return wrong


def _wrong_among(session: Session, provider_ids: Sequence[UUID]) -> list[UUID]:
    sets = {row.id: tuple(row.members) for row in session.scalars(select(ListingSet))}
    providers = {
        row.provider_id: (
            row.is_verified, row.suspended_until, sets[row.region_set],
            tuple(zip(row.period_starts, (sets[number] for number in row.period_sets), strict=True)),
        )
        for row in session.scalars(_fresh(ProviderListing, provider_ids))
    }  # fmt: skip
    offers: dict[UUID, dict[UUID, Any]] = {}
    for row in session.scalars(_fresh(OfferListing, provider_ids)):
        offers.setdefault(row.provider_id, {})[row.offer_id] = _stored(row)
    wrong = []
    for listed in read_truth(session, provider_ids):
        expected = {offer.id: _expected(session, listed, offer) for offer in listed.offers}
        id_ = listed.provider.id
        if providers.get(id_) != _provider(listed) or offers.get(id_, {}) != expected or not _knows(session, listed):
            wrong.append(id_)
    return wrong


def _wrongly_gathered(session: Session) -> set[UUID]:
    """The providers whose bits are not what the listings say, those aside that are judged row by row anyway."""
    stored = {(row.kind, row.key): f"{row.bits}" for row in session.scalars(select(ListingBits))}
    day = next((key for kind, key in stored if kind == EVERY), None)
    if day is None:
        return set()
    fresh = read_columns(session, date.fromisoformat(day))
    now = {row["provider_id"]: row for row in fresh.providers}
    apart = set(session.scalars(select(ListingChange.provider_id)))
    wrong, owners = set(), {}
    for row in session.scalars(select(GatheredProvider)):
        said = now.get(row.provider_id)
        if row.provider_id in apart or said is None or said["is_visible"] != row.is_visible:
            continue
        facts = (sorted(row.numbers), row.holds_from, row.holds_until)
        if facts != (sorted(said["numbers"]), said["holds_from"], said["holds_until"]):
            wrong.add(row.provider_id)
        owners.update(dict.fromkeys(row.numbers, row.provider_id))
    for name in stored.keys() | fresh.columns.keys():
        differing = set_bits(stored.get(name, "")) ^ set_bits(fresh.columns.get(name, ""))
        wrong |= {owners[number] for number in differing if number in owners}
    return wrong


def _fresh(model: Any, provider_ids: Sequence[UUID]) -> Any:
    rows = select(model).where(model.provider_id.in_(provider_ids))
    return rows.execution_options(populate_existing=True)


def _provider(listed: Listed) -> Any:
    return (
        listed.provider.verified_at is not None, listed.provider.suspended_until, listed.regions,
        tuple((period.starts_on, tuple(sorted(period.proofs))) for period in listed.periods),
    )  # fmt: skip


COPIED = (
    "provider_id", "category_code", "unit", "price_period", "delivery_modes", "minimum_quantity", "mobilisation_amount",
    "regional_uplifts",
)  # fmt: skip
COMPUTED = ("capacity", "thresholds", "base_amounts", "unit_amounts", "sort_name")


def _stored(row: OfferListing) -> Any:
    plain = [getattr(row, name) for name in (*COPIED, *COMPUTED)]
    return (*plain, row.prices_public, row.usual_unit, row.usual_period, str(row.document))


def _expected(session: Session, listed: Listed, offer: Any) -> Any:
    computed = offer_row(listed, offer)
    document = session.execute(_DOCUMENT, document_parts(listed.provider, offer)).scalar_one()
    plain = [*(getattr(offer, name) for name in COPIED), *(computed[name] for name in COMPUTED)]
    category = session.get_one(ServiceCategory, offer.category_code)
    return (*plain, offer.visibility == "public", offer.unit == category.unit, category.price_period, document)


def _knows(session: Session, listed: Listed) -> bool:
    """Whether every word of its offers can be found from a mistyped one."""
    words = {
        word
        for offer in listed.offers
        for name, said in document_parts(listed.provider, offer).items()
        if name != "category"
        for word in said.split()
        if is_learnt(word)
    }
    known = select(SearchTrigram.word).where(SearchTrigram.word.in_(words)).distinct()
    return not words or words == set(session.scalars(known))
