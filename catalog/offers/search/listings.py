"""Steps that keep what the search reads equal to the catalogue: written again from the facts, whenever they change."""
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import delete, exists, select, text
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session, selectinload

from catalog.certifications.queries import held_by_provider, list_schemes
from catalog.offers.models import Offer
from catalog.offers.queries import grid_of
from catalog.offers.search.gathering import gather, note_changes
from catalog.offers.search.models import ListingSet, OfferListing, ProviderListing, SearchTrigram
from catalog.offers.search.rules.prices import price_lines
from catalog.offers.search.rules.proofs import ProofPeriod, proof_periods
from catalog.offers.search.rules.words import category_lexeme, is_learnt, trigrams
from catalog.providers.events import CertificateRulesChanged, ProviderChanged
from catalog.providers.models import Provider
from catalog.providers.queries import capacities_of
from marketplace.establishments.rules import fold
from marketplace.platform import clock
from marketplace.platform.database import transaction

BATCH = 500

DOCUMENT = (
    "setweight(to_tsvector('french', :title), 'A') || setweight(to_tsvector('french', :name), 'A')"
    " || CAST(:category AS tsvector) || setweight(to_tsvector('french', :said), 'C')"
    " || setweight(to_tsvector('french', :presentation), 'D')"
)
_FACTS = (
    "category_code, unit, price_period, usual_period, usual_unit, prices_public, delivery_modes, minimum_quantity, "
    "capacity, mobilisation_amount, regional_uplifts, thresholds, base_amounts, unit_amounts, sort_name, document"
)
_WRITE_OFFER = text(f"""
    INSERT INTO offer_listings (offer_id, number, provider_id, {_FACTS})
    SELECT o.id, COALESCE((SELECT number FROM offer_listings WHERE offer_id = o.id), nextval('offer_listings_number_seq')),
        o.provider_id, o.category_code, o.unit, o.price_period, c.price_period, o.unit = c.unit,
        o.visibility = 'public', o.delivery_modes, o.minimum_quantity, CAST(:capacity AS bigint), o.mobilisation_amount,
        o.regional_uplifts, CAST(:thresholds AS bigint[]), CAST(:base_amounts AS numeric[]),
        CAST(:unit_amounts AS numeric[]), :sort_name, {DOCUMENT}
    FROM offers o JOIN service_categories c ON c.code = o.category_code WHERE o.id = :offer_id
    ON CONFLICT (offer_id) DO UPDATE SET ({_FACTS}) = ROW (excluded.{_FACTS.replace(", ", ", excluded.")})
""")


@dataclass(frozen=True)
class Listed:
    """What the search must read of one provider: its row, and the words and prices of its published offers."""

    provider: Provider
    regions: tuple[str, ...]
    periods: tuple[ProofPeriod, ...]
    offers: tuple[Offer, ...]
    capacities: Mapping[tuple[str, str], int]

    def capacity_of(self, offer: Offer) -> int | None:
        """How many units the provider can deliver with this offer: its own limit, and the provider's in the category."""
        limits = (offer.capacity, self.capacities.get((offer.category_code, offer.unit)))
        return min((limit for limit in limits if limit is not None), default=None)


def on_provider_changed(session: Session, event: ProviderChanged) -> None:
    """Step: what the search reads of this provider follows."""
    refresh(session, [event.provider_id])


def on_rules_changed(session: Session, _event: CertificateRulesChanged) -> None:
    """Step: what the search reads of every provider follows."""
    refresh_all(session)


def refresh_all(session: Session) -> int:
    """Step: write every provider's listings again; how many providers."""
    ids = session.scalars(select(Provider.id).order_by(Provider.id)).all()
    for start in range(0, len(ids), BATCH):
        refresh(session, ids[start : start + BATCH])
    gather(session)
    return len(ids)


def list_missing() -> int:
    """Use case of the scheduler: list the providers that the search does not know at all (after an upgrade); how many."""
    with transaction() as session:
        known = exists().where(ProviderListing.provider_id == Provider.id)
        missing = session.scalars(select(Provider.id).where(~known).order_by(Provider.id).limit(BATCH)).all()
        if missing:
            refresh(session, missing)
    return len(missing)


def refresh(session: Session, provider_ids: Collection[UUID]) -> None:
    """Step: write these providers' listings again from the facts as they stand in this transaction.

    Takes each provider's row FOR UPDATE before it reads, so that two changes of one provider come one after the other.
    """
    session.flush()
    locked = select(Provider.id).where(Provider.id.in_(provider_ids)).order_by(Provider.id).with_for_update()
    session.execute(locked).all()
    note_changes(session, provider_ids)
    truth = read_truth(session, provider_ids)
    numbers = _set_numbers(session, [members for listed in truth for members in _sets_of(listed)])
    _write_providers(session, truth, numbers)
    kept = [offer.id for listed in truth for offer in listed.offers]
    session.execute(
        delete(OfferListing)
        .where(OfferListing.provider_id.in_(provider_ids), OfferListing.offer_id.not_in(kept))
        .execution_options(synchronize_session=False)
    )
    if kept:
        session.execute(_WRITE_OFFER, [offer_row(listed, offer) for listed in truth for offer in listed.offers])
        _learn(session, truth)


def read_truth(session: Session, provider_ids: Collection[UUID]) -> list[Listed]:
    """What the search must read of these providers, from the catalogue's own tables: eight statements."""
    schemes, today = list_schemes(session), clock.today()
    fresh = {"populate_existing": True}
    rows = select(Provider).where(Provider.id.in_(provider_ids)).order_by(Provider.id)
    providers = session.scalars(rows.execution_options(**fresh)).all()
    certificates = held_by_provider(session, provider_ids, schemes)
    capacities = capacities_of(session, provider_ids)
    offers: dict[UUID, list[Offer]] = {}
    published = (
        select(Offer)
        .where(Offer.provider_id.in_(provider_ids), Offer.status == "published")
        .order_by(Offer.id)
        .options(selectinload(Offer.brackets))
    )
    for offer in session.scalars(published.execution_options(**fresh)):
        offers.setdefault(offer.provider_id, []).append(offer)
    return [
        Listed(
            provider, tuple(sorted(provider.regions)),
            tuple(proof_periods(provider.id, certificates.get(provider.id, ()), schemes, today)),
            tuple(offers.get(provider.id, ())), capacities.get(provider.id, {}),
        )
        for provider in providers
    ]  # fmt: skip


def offer_row(listed: Listed, offer: Offer) -> dict[str, Any]:
    """The values of an offer's listing that the offer's own row does not hold."""
    provider = listed.provider
    lines = price_lines(grid_of(offer))
    return {
        "offer_id": offer.id,
        "capacity": listed.capacity_of(offer),
        "thresholds": [line.from_quantity for line in lines],
        "base_amounts": [line.base_amount for line in lines],
        "unit_amounts": [line.unit_amount for line in lines],
        "sort_name": fold(f"{provider.name} {offer.title}"),
        **document_parts(provider, offer),
    }


def document_parts(provider: Provider, offer: Offer) -> dict[str, str]:
    """The folded words of an offer, by weight: title, provider, category, description, the provider's presentation."""
    return {
        "title": fold(offer.title),
        "name": fold(provider.name),
        "category": category_lexeme(offer.category_code) + ":1B",
        "said": fold(offer.description),
        "presentation": fold(provider.description),
    }


def _sets_of(listed: Listed) -> Iterable[tuple[str, ...]]:
    yield listed.regions
    yield from (tuple(sorted(period.proofs)) for period in listed.periods)


def _set_numbers(session: Session, sets: Iterable[tuple[str, ...]]) -> dict[tuple[str, ...], int]:
    """The numbers of these sets, new ones included; always in the same order, so that two writers cannot lock crosswise."""
    wanted = [list(members) for members in sorted(set(sets))]
    if not wanted:
        return {}
    known = select(ListingSet.members, ListingSet.id).where(ListingSet.members.in_(wanted))
    found = {tuple(members): number for members, number in session.execute(known)}
    missing = [members for members in wanted if tuple(members) not in found]
    if missing:
        session.execute(upsert(ListingSet).values([{"members": m} for m in missing]).on_conflict_do_nothing())
        found = {tuple(members): number for members, number in session.execute(known)}
    return found


def _write_providers(session: Session, truth: Sequence[Listed], numbers: dict[tuple[str, ...], int]) -> None:
    rows = [
        {
            "provider_id": listed.provider.id,
            "is_verified": listed.provider.verified_at is not None,
            "suspended_until": listed.provider.suspended_until,
            "region_set": numbers[listed.regions],
            "period_starts": [period.starts_on for period in listed.periods],
            "period_sets": [numbers[tuple(sorted(period.proofs))] for period in listed.periods],
        }
        for listed in truth
    ]
    if rows:
        written = upsert(ProviderListing)
        changed = {name: written.excluded[name] for name in rows[0] if name != "provider_id"}
        session.execute(written.on_conflict_do_update(index_elements=["provider_id"], set_=changed), rows)


def _learn(session: Session, truth: Sequence[Listed]) -> None:
    """Remember the words of these offers for mistyped questions. A word is never forgotten: it costs nothing."""
    texts = [text for each in truth for offer in each.offers for text in _texts(each.provider, offer)]
    words = sorted({word for text in texts for word in text.split() if is_learnt(word)})
    known = set(session.scalars(select(SearchTrigram.word).where(SearchTrigram.trigram.in_([f"^{w[:2]}" for w in words]),
                                                                 SearchTrigram.word.in_(words))))  # fmt: skip
    rows = [{"trigram": piece, "word": word} for word in words if word not in known for piece in sorted(trigrams(word))]
    if rows:
        session.execute(upsert(SearchTrigram).on_conflict_do_nothing(), rows)


def _texts(provider: Provider, offer: Offer) -> list[str]:
    parts = document_parts(provider, offer)
    return [parts[name] for name in ("title", "name", "said", "presentation")]
