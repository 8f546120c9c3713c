"""Use cases of offers: write a draft, publish it for good, replace it by a new version, withdraw it."""
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.orm import Session

from catalog.offers import queries
from catalog.offers.models import Offer, OfferBracket
from catalog.offers.rules import (
    Bracket,
    PriceGrid,
    brackets_from,
    check_grid,
    check_publishable,
    check_service,
    check_unit,
    check_volumes,
)
from catalog.offers.search.listings import refresh
from catalog.providers.models import Provider
from catalog.providers.rules import check_regions
from catalog.providers.services import TERRITORIES, lock_provider
from marketplace.categories.queries import find_category
from marketplace.platform import audit, clock
from marketplace.platform.database import new_id, transaction
from marketplace.platform.errors import N_, RuleBroken, StaleVersion
from marketplace.platform.http import name_constraint
from marketplace.platform.money import round_cents
from marketplace.platform.permissions import Actor, require

FROZEN = N_("Une fiche publiée ne change plus : préparez-en une nouvelle version.")
TERMS = ("response_hours", "restoration_hours", "service_hours", "commitment_months", "indexation")
PLAIN = ("title", "description", "pricing", "minimum_quantity", "capacity", "visibility", *TERMS)
COPIED = (*PLAIN, "category_code", "unit", "price_period", "mobilisation_amount", "regional_uplifts", "delivery_modes")

name_constraint("published_offer_is_frozen", "offer_is_published", FROZEN)


def add_offer(session: Session, provider: Provider, *, category: str, **written: Any) -> Offer:
    """Step: a draft offer with its grid. `written` has the names of OfferIn; unit and period default to the category's.

    `brackets` are mappings from_quantity, to_quantity (may be left out everywhere), unit_price.
    """
    known = find_category(session, category)
    if known is None:
        raise RuleBroken("category_unknown", "Catégorie inconnue : choisissez dans la liste.", field="category")
    unit = written.pop("unit", None) or known.unit
    check_unit(known.code, known.unit, unit)
    offer = Offer(
        id=new_id(), provider_id=provider.id, category_code=known.code, unit=unit,
        price_period=written.pop("price_period", None) or known.price_period,
        pricing="all_units", mobilisation_amount=Decimal(0), regional_uplifts={}, minimum_quantity=1,
    )  # fmt: skip
    _write(offer, {"delivery_modes": provider.delivery_modes, **written})
    session.add(offer)
    session.flush()
    return offer


def publish(session: Session, offer: Offer) -> Offer:
    """Step: publish a draft for good; the version it replaces is superseded at the same moment."""
    if offer.published_at is not None:
        raise RuleBroken("offer_is_published", FROZEN)
    check_publishable(
        queries.grid_of(offer), minimum_quantity=offer.minimum_quantity, capacity=offer.capacity,
        delivery_modes=offer.delivery_modes,
    )  # fmt: skip
    if offer.supersedes_id is not None:
        before = session.get_one(Offer, offer.supersedes_id, with_for_update=True)
        if before.withdrawn_at is None and before.superseded_at is None:
            before.superseded_at = clock.now()
    offer.published_at = clock.now()
    refresh(session, [offer.provider_id])
    return offer


def create_offer(actor: Actor, provider_id: UUID, **written: Any) -> Offer:
    """A provider writes a draft."""
    with transaction() as session:
        provider = lock_provider(session, actor, provider_id)
        require(actor, "offer.write", own=provider.organisation_id)
        offer = add_offer(session, provider, **written)
        _tell(session, actor, "offer.created", offer, provider)
    return offer


def edit_offer(
    actor: Actor, offer_id: UUID, changes: Mapping[str, Any], *, expected_version: int | None = None
) -> Offer:
    """Change a draft; what is not named stays. Category and unit are those it was begun with."""
    with transaction() as session:
        offer, provider = _lock_own(session, actor, offer_id, "offer.write")
        if expected_version is not None and expected_version != offer.version:
            raise StaleVersion(offer.version)
        if offer.published_at is not None:
            raise RuleBroken("offer_is_published", FROZEN)
        _write(offer, {name: value for name, value in changes.items() if name not in ("category", "unit", "price_period")})
        offer.version += 1
        session.flush()
        _tell(session, actor, "offer.edited", offer, provider)
    return offer


def publish_offer(actor: Actor, offer_id: UUID) -> Offer:
    """Publish a draft: from now on it can be matched, and it never changes."""
    with transaction() as session:
        offer, provider = _lock_own(session, actor, offer_id, "offer.publish")
        publish(session, offer)
        _tell(session, actor, "offer.published", offer, provider)
    return offer


def revise_offer(actor: Actor, offer_id: UUID) -> Offer:
    """Begin a new version of a published offer: a draft that replaces it once published."""
    with transaction() as session:
        offer, provider = _lock_own(session, actor, offer_id, "offer.write")
        if offer.status != "published":
            raise RuleBroken(
                "offer_not_published", "Seule une fiche publiée a une nouvelle version : modifiez le brouillon."
            )
        revision = Offer(
            id=new_id(), provider_id=provider.id, supersedes_id=offer.id, **{name: getattr(offer, name) for name in COPIED}
        )
        revision.brackets = [_bracket(b) for b in queries.grid_of(offer).brackets]
        session.add(revision)
        session.flush()
        _tell(session, actor, "offer.revised", revision, provider)
    return revision


def withdraw_offer(actor: Actor, offer_id: UUID) -> Offer:
    """Take a published offer off the catalogue; what relied on it keeps it."""
    with transaction() as session:
        offer, provider = _lock_own(session, actor, offer_id, "offer.publish")
        if offer.status != "published":
            raise RuleBroken("offer_not_published", "Cette fiche n'est pas publiée : il n'y a rien à retirer.")
        offer.withdrawn_at = clock.now()
        refresh(session, [offer.provider_id])
        _tell(session, actor, "offer.withdrawn", offer, provider)
    return offer


def delete_draft(actor: Actor, offer_id: UUID) -> None:
    """Throw a draft away."""
    with transaction() as session:
        offer, provider = _lock_own(session, actor, offer_id, "offer.write")
        if offer.published_at is not None:
            raise RuleBroken("offer_is_published", "Une fiche publiée ne se supprime pas : retirez-la du catalogue.")
        session.execute(delete(OfferBracket).where(OfferBracket.offer_id == offer.id))
        session.execute(delete(Offer).where(Offer.id == offer.id))
        _tell(session, actor, "offer.deleted", offer, provider)


def read_brackets(rows: Sequence[Mapping[str, Any]]) -> tuple[Bracket, ...]:
    """Brackets as written; where no end is given at all, each ends where the next begins."""
    if all(row.get("to_quantity") is None for row in rows):
        return brackets_from([(row["from_quantity"], row["unit_price"]) for row in rows])
    return tuple(Bracket(row["from_quantity"], row.get("to_quantity"), row["unit_price"]) for row in rows)


def _lock_own(session: Session, actor: Actor, offer_id: UUID, action: str) -> tuple[Offer, Provider]:
    """The visible offer FOR UPDATE with its provider, once the actor may do this to it."""
    found = queries.get_offer(session, actor, offer_id)
    require(actor, action, own=found.provider.organisation_id)
    session.refresh(found.row, with_for_update=True)
    return found.row, found.provider


def _write(offer: Offer, written: Mapping[str, Any]) -> None:
    """Put what was written on a draft, after checking the grid as a whole."""
    for name in PLAIN:
        if name in written:
            setattr(offer, name, written[name])
    check_volumes(offer.minimum_quantity, offer.capacity)
    check_service(offer.response_hours, offer.restoration_hours)
    if "mobilisation_amount" in written:
        offer.mobilisation_amount = round_cents(written["mobilisation_amount"])
    if "delivery_modes" in written:
        offer.delivery_modes = sorted(set(written["delivery_modes"]))
    if "regional_uplifts" in written:
        check_regions(written["regional_uplifts"], TERRITORIES)
        offer.regional_uplifts = {region: f"{uplift:f}" for region, uplift in written["regional_uplifts"].items()}
    brackets = read_brackets(written["brackets"]) if "brackets" in written else queries.grid_of(offer).brackets
    if brackets:
        uplifts = {region: Decimal(text) for region, text in offer.regional_uplifts.items()}
        check_grid(PriceGrid(offer.pricing, brackets, offer.mobilisation_amount, uplifts))
    if "brackets" in written:
        offer.brackets = [_bracket(bracket) for bracket in brackets]


def _bracket(bracket: Bracket) -> OfferBracket:
    return OfferBracket(
        from_quantity=bracket.from_quantity, to_quantity=bracket.to_quantity, unit_price=bracket.unit_price
    )


def _tell(session: Session, actor: Actor, action: str, offer: Offer, provider: Provider) -> None:
    audit.record(
        session, actor, action, "offer", offer.id, organisation_id=provider.organisation_id,
        after={"category": offer.category_code, "supersedes_id": offer.supersedes_id, "version": offer.version},
    )  # fmt: skip
