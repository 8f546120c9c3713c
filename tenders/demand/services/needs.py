"""Use cases on needs: place or change one, sign it, send it back, withdraw it."""
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from marketplace.notifications.services import outbox_row
from marketplace.platform import audit, clock
from marketplace.platform.database import transaction
from marketplace.platform.errors import Conflict, NotAllowed, NotFound, RuleBroken, StaleVersion
from marketplace.platform.permissions import Actor, allowed, require
from tenders.demand import notices
from tenders.demand.models import Need
from tenders.demand.queries.placing import Standing, get_standing
from tenders.demand.rules import placing as rules
from tenders.demand.rules.exposure import Exposure
from tenders.demand.rules.phases import check_phases
from tenders.demand.rules.placing import Placed, Wish
from tenders.demand.rules.pool import NOTHING
from tenders.demand.waiting_list import promote
from tenders.demand.writing import (
    Change,
    GrappeRowMissing,
    Overtaken,
    Placing,
    ensure_grappe_row,
    lock_pool,
    place,
    remove,
)
from tenders.vehicles.models import Lot

ATTEMPTS = 20
"""A write overtaken by others starts again; on a lot that fills up each start leaves less room, so this ends sooner."""

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class NeedState:
    """A need after a use case. `rank` on the waiting list, from 1; `created`: there was none before."""

    lot_id: UUID
    establishment_id: UUID
    placed: Placed
    version: int
    rank: int | None
    exposure: Exposure
    created: bool

    @property
    def status(self) -> str:
        """counted, waitlisted, awaiting_signature or not_counted."""
        return self.placed.status


def put_need(
    actor: Actor, lot_id: UUID, establishment_id: UUID, wish: Wish, *, accept_waitlist: bool = False,
    expected_version: int | None = None,
) -> NeedState:  # fmt: skip
    """Place, change or confirm an establishment's need on a lot; sent by a signatory, a firm need is signed by it.

    Sending the same again changes nothing. Conflict `lot_maximum_reached` (with `available`),
    `already_pooled_elsewhere`; RuleBroken `needs_closed`, `not_a_member` and those of rules/placing.py; BadInput on a
    condition that does not fit; StaleVersion; NotFound.
    """
    rules.check_wish(wish)

    def attempt(session: Session) -> NeedState:
        standing = get_standing(session, lot_id, establishment_id, wish.grappe_id)
        require(actor, "need.place", own=standing.organisation_id, coordinator=standing.mandated_id)
        signs = allowed(actor, "need.sign", own=standing.organisation_id)
        return _place(session, actor, standing, establishment_id, wish, signs, accept_waitlist, expected_version)

    return until_not_overtaken(attempt)


def sign_need(
    actor: Actor, lot_id: UUID, establishment_id: UUID, *, price_ceiling: Any = None, accept_waitlist: bool = False,
    expected_version: int | None = None,
) -> NeedState:  # fmt: skip
    """Sign the firm need that awaits it; from then on it counts. Signing a signed need changes nothing.

    RuleBroken `nothing_to_sign` when there is no firm need; else as `put_need`.
    """

    def attempt(session: Session) -> NeedState:
        standing = _with_grappe(session, lot_id, establishment_id)
        require(actor, "need.sign", own=standing.organisation_id)
        before = standing.before
        if before is None or before.wish.firmness != "firm":
            raise RuleBroken("nothing_to_sign", "Aucun besoin ferme n'attend de signature : placez-en un d'abord.")
        ceiling = price_ceiling
        if ceiling is None and before.signature is not None:
            ceiling = before.signature.price_ceiling
        wish = replace(before.wish, price_ceiling=ceiling)
        return _place(session, actor, standing, establishment_id, wish, True, accept_waitlist, expected_version)

    return until_not_overtaken(attempt)


def return_need(
    actor: Actor, lot_id: UUID, establishment_id: UUID, *, expected_version: int | None = None
) -> NeedState:
    """Send a firm need that awaits a signature back to whoever proposed it: it becomes indicative.

    RuleBroken `nothing_to_sign` when none awaits.
    """

    def attempt(session: Session) -> NeedState:
        standing = _with_grappe(session, lot_id, establishment_id)
        require(actor, "need.sign", own=standing.organisation_id)
        before, former = standing.before, standing.former
        if before is None or former is None or before.status != "awaiting_signature":
            raise RuleBroken("nothing_to_sign", "Aucun besoin ferme n'attend de signature : placez-en un d'abord.")
        if former.placed_by is not None:
            named = (establishment_id, standing.establishment_name)
            notices.returned(session, standing.ground, former.placed_by, named, before.wish.quantity)
        wish = replace(before.wish, firmness="indicative")
        return _place(session, actor, standing, establishment_id, wish, False, False, expected_version)

    return until_not_overtaken(attempt)


def withdraw_need(
    actor: Actor, lot_id: UUID, establishment_id: UUID, *, expected_version: int | None = None
) -> None:
    """Take a need back while the lot takes needs; what it frees goes to the waiting list.

    What a signatory signed, only a signatory withdraws. RuleBroken `needs_closed`; NotFound when there is none.
    """
    with transaction() as session:
        standing = get_standing(session, lot_id, establishment_id)
        require(actor, "need.place", own=standing.organisation_id)
        lot_pool = lock_pool(session, lot_id)
        need = session.get(Need, (lot_id, establishment_id), populate_existing=True)
        if need is None:
            raise NotFound("need")
        rules.check_taken(standing.ground, clock.now(), clock.today())
        if not lot_pool.takes_needs:
            raise rules.needs_closed(standing.ground)
        _check_version(need.version, expected_version)
        if need.status in ("counted", "waitlisted") and need.firmness == "firm":
            require(actor, "need.sign", own=standing.organisation_id)
        remove(session, lot_id, need, actor.user_id)
        audit.record(
            session, actor, "need.withdrawn", "need", f"{lot_id}:{establishment_id}",
            organisation_id=standing.organisation_id, before={"quantity": need.quantity, "firmness": need.firmness,
            "status": need.status, "grappe_id": need.grappe_id},
        )  # fmt: skip
        if need.status == "counted":
            promote(session, session.get_one(Lot, lot_id))


def until_not_overtaken(attempt: Callable[[Session], Answer]) -> Answer:
    """Run one use case in one transaction; when others moved what it read, again in a new one.

    A grappe's first row on a lot is written in a transaction of its own, which holds nothing else: the check of its
    foreign key may wait for somebody who changes the grappe, who may wait for the membership locked here.
    """
    for _ in range(ATTEMPTS):
        try:
            with transaction() as session:
                return attempt(session)
        except GrappeRowMissing as missing:
            with transaction() as session:
                ensure_grappe_row(session, missing.lot_id, missing.grappe_id)
        except Overtaken:
            continue
    raise Conflict(
        "need_changed_meanwhile", "D'autres modifient ce lot au même moment : rien n'a été enregistré, recommencez."
    )


def _with_grappe(session: Session, lot_id: UUID, establishment_id: UUID) -> Standing:
    """The standing of an existing need, through the grappe it was placed in."""
    grappe_id = session.scalar(
        select(Need.grappe_id).where(Need.lot_id == lot_id, Need.establishment_id == establishment_id)
    )
    return get_standing(session, lot_id, establishment_id, grappe_id)


def _place(
    session: Session, actor: Actor, standing: Standing, establishment_id: UUID, wish: Wish, signs: bool,
    accept_waitlist: bool, expected_version: int | None,
) -> NeedState:  # fmt: skip
    """Decide what the need becomes, write it last, and count whom that frees a place for."""
    ground, before = standing.ground, standing.before
    _check_version(standing.former.version if standing.former else 0, expected_version)
    placed = decide(actor, standing, wish, signs, accept_waitlist, standing.counted)
    if placed == before and standing.former is not None:
        return _state(session, standing, establishment_id, placed, standing.former.version)
    if wish.grappe_id is not None and not standing.has_grappe_row:
        raise GrappeRowMissing(ground.lot_id, wish.grappe_id)
    telling = _telling(actor, standing, establishment_id, placed)
    freed = placed.contribution.counted < (before.contribution if before else NOTHING).counted
    last = not freed and placed.status != "waitlisted"
    written = place(session, placing_of(actor, standing, establishment_id, placed), telling, last=last)
    if freed and written.waitlisted:
        promote(session, session.get_one(Lot, ground.lot_id))
    placed = replace(placed, waitlist_number=written.waitlist_number)
    return _state(session, standing, establishment_id, placed, written.version)


def decide(
    actor: Actor, standing: Standing, wish: Wish, signs: bool, accept_waitlist: bool, counted: int
) -> Placed:  # fmt: skip
    """What the need becomes; `counted` units are in the pool. Refusals as `put_need`."""
    ground, before = standing.ground, standing.before
    now = clock.now()
    rules.check_taken(ground, now, clock.today())
    rules.check_place(ground, wish, standing.belonging)
    check_phases(wish.phases, wish.quantity, ground.price_period, ground.term_months)
    placed = rules.place(ground, wish, before, signs=signs, signer=actor.user_id, now=now)
    placed = rules.fit(
        ground, placed, before, counted=counted, maximum=standing.maximum, accept_waitlist=accept_waitlist
    )
    if placed.status == "counted":
        rules.check_claim(standing.claimed_by, standing.claim_label, ground)
    if placed == before:
        return placed
    if before is not None and before.signature is not None and before.status in ("counted", "waitlisted") and not signs:
        raise NotAllowed("need.sign")
    return placed


def placing_of(actor: Actor, standing: Standing, establishment_id: UUID, placed: Placed) -> Placing:
    """The write: what the former need added goes, what the new one adds comes, and the claim follows the count."""
    former = standing.former
    changes = [Change(placed.wish.grappe_id, standing.organisation_id, placed.contribution)]
    if former is not None:
        changes.append(Change(former.placed.wish.grappe_id, former.organisation_id, -former.placed.contribution))
    counted_before = former is not None and former.placed.status == "counted"
    return Placing(
        lot_id=standing.ground.lot_id,
        establishment_id=establishment_id,
        organisation_id=standing.organisation_id,
        placed=placed,
        round=standing.round,
        expected_version=former.version if former else 0,
        expected_placed_at=former.placed_at if former else None,
        changes=tuple(changes),
        claims=int(placed.status == "counted") - int(counted_before),
        category_code=standing.category_code,
        label=standing.pool_label,
        placed_by=actor.user_id,
    )


def _telling(actor: Actor, standing: Standing, establishment_id: UUID, placed: Placed) -> audit.Told:
    """The audit, and the people concerned: signatories of what awaits them, the organisation of what was signed."""
    before, ground = standing.before, standing.ground
    action = action_of(before, placed)
    telling = None
    named = (establishment_id, standing.establishment_name)
    if placed.status == "awaiting_signature":
        telling = notices.to_sign(ground, standing.organisation_id, named, placed.wish.quantity)
    elif action == "need.signed":
        shown = rules.exposure_of(ground, rules.at_ceiling(placed))
        telling = notices.signed(ground, standing.organisation_id, named, placed.wish.quantity, shown)
    act = audit.Act(
        action, "need", f"{ground.lot_id}:{establishment_id}", standing.organisation_id,
        before=None if before is None else facts_of(before), after=facts_of(placed),
    )  # fmt: skip
    return audit.told(actor, act, None if telling is None else outbox_row(telling))


def action_of(before: Placed | None, placed: Placed) -> str:
    """The audit's word for what became of a need."""
    if placed.signature is not None and (before is None or before.signature != placed.signature):
        return "need.signed"
    return "need.placed" if before is None else "need.changed"


def facts_of(placed: Placed) -> dict[str, Any]:
    """A need as the audit tells it."""
    wish = placed.wish
    facts = {"status": placed.status, "quantity": wish.quantity, "firmness": wish.firmness, "tolerance": wish.tolerance}
    optional = {
        "grappe_id": wish.grappe_id, "minimum_pool_quantity": wish.minimum_pool_quantity,
        "maximum_unit_price": wish.maximum_unit_price, "phases": wish.phases and list(wish.phases),
        "price_ceiling": placed.signature and placed.signature.price_ceiling,
        "exposure_excl_vat": placed.signature and placed.signature.exposure_excl_vat,
    }  # fmt: skip
    return facts | {name: value for name, value in optional.items() if value is not None}


def _check_version(version: int, expected_version: int | None) -> None:
    if expected_version is not None and expected_version != version:
        raise StaleVersion(version)


def _state(
    session: Session, standing: Standing, establishment_id: UUID, placed: Placed, version: int
) -> NeedState:
    """What the caller is told; the rank is counted only for those who wait."""
    rank = None
    if placed.waitlist_number is not None:
        ahead = (Need.lot_id == standing.ground.lot_id, Need.waitlist_number <= placed.waitlist_number)
        rank = session.scalar(select(func.count()).where(*ahead))
    return NeedState(
        lot_id=standing.ground.lot_id,
        establishment_id=establishment_id,
        placed=placed,
        version=version,
        rank=rank,
        exposure=rules.exposure_of(standing.ground, rules.at_ceiling(placed)),
        created=standing.former is None,
    )
