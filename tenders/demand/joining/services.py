"""Use case: join a closed lot whose minimum is reached, for what is left of its term."""
from dataclasses import dataclass, replace
from decimal import Decimal
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from marketplace.billing.charging import record_charge
from marketplace.notifications.services import Telling, tell_many
from marketplace.platform import audit, clock
from marketplace.platform.errors import Conflict
from marketplace.platform.events import announce
from marketplace.platform.money import incl_vat, round_cents
from marketplace.platform.permissions import Actor, require
from tenders.demand.bulk_writing import place_all
from tenders.demand.envelopes.booking import book
from tenders.demand.joining import messages, rules
from tenders.demand.joining.events import JoinedLate, JoiningLate
from tenders.demand.joining.models import LateJoining
from tenders.demand.joining.queries import find_joining, setting_of
from tenders.demand.joining.rules import Quote
from tenders.demand.models import Need
from tenders.demand.queries.placing import Standing, get_standing, list_standings
from tenders.demand.rules import placing
from tenders.demand.rules.placing import Placed, Wish
from tenders.demand.services.needs import facts_of, placing_of, until_not_overtaken
from tenders.demand.words import amount_of, unit_of
from tenders.demand.writing import GrappeRowMissing, lock_pool
from tenders.vehicles.models import Lot
from tenders.vehicles.queries import get_lot
from tenders.vehicles.rules import periods

messages.register_all()

JOINED_LATE = "joined_late"
"""What is written on the need that comes after the closing, and on its entry in the ledger."""


@dataclass(frozen=True)
class Joined:
    """A joining, and whether this very call made it."""

    joining: LateJoining
    is_new: bool


def join_late(
    actor: Actor, lot_id: UUID, establishment_id: UUID, *, quantity: int, grappe_id: UUID | None = None,
    price_ceiling: Decimal | None = None,
) -> Joined:  # fmt: skip
    """Join a lot that is closed and met; a signatory signs by this very act, up to `price_ceiling` (or the reference).

    The same again changes nothing. RuleBroken and Conflict as rules.py; `already_joined` with another quantity or when
    the closing kept this establishment; what a listener refuses (`contract_price_above_ceiling`); as `put_need` for its
    grappe, its other pool and its price; `envelope_exhausted` when the maximum in euros is reached. NotFound; NotAllowed
    for who may not sign.
    """

    def attempt(session: Session) -> Joined:
        lot = get_lot(session, actor, lot_id)
        standing = get_standing(session, lot_id, establishment_id, grappe_id)
        require(actor, "lot.join_late", own=standing.organisation_id)
        _lock(session, lot_id)
        standing = list_standings(session, lot_id, {establishment_id: grappe_id})[establishment_id]
        known = find_joining(session, lot_id, establishment_id)
        if known is not None and known.quantity == quantity:
            return Joined(known, is_new=False)
        placed, quote = _decide(session, actor, lot, standing, Wish(quantity, "firm", grappe_id, price_ceiling=price_ceiling))
        if grappe_id is not None and not standing.has_grappe_row:
            raise GrappeRowMissing(lot_id, grappe_id)
        place_all(session, lot_id, [placing_of(actor, standing, establishment_id, placed)])
        joining = _record(session, actor, lot, standing, establishment_id, placed, quote)
        ceiling = joining.price_ceiling
        announce(session, JoinedLate(lot_id, establishment_id, grappe_id, quantity, ceiling))
        _tell(session, actor, lot, standing, joining)
        return Joined(joining, is_new=True)

    return until_not_overtaken(attempt)


def _lock(session: Session, lot_id: UUID) -> None:
    """The lot, which a contract is concluded under too, its pool (locking protocol, 2), then what rooms above hold there.

    All of it before the ledger is booked on: an order locks its contracts first and the lot's envelope after them.
    """
    session.execute(select(Lot.id).where(Lot.id == lot_id).with_for_update(key_share=True))
    lock_pool(session, lot_id)
    announce(session, JoiningLate(lot_id))


def _decide(session: Session, actor: Actor, lot: Lot, standing: Standing, wish: Wish) -> tuple[Placed, Quote]:
    """Every check under the lot's lock, then the need as signed for what is left of the term."""
    ground, today = standing.ground, clock.today()
    setting = setting_of(session, lot, standing)
    placing.check_wish(wish)
    placing.check_establishment_open(ground, today)
    if standing.before is not None and standing.before.status == "counted":
        raise Conflict(
            "already_joined",
            "Cet établissement participe déjà à ce lot pour {quantity} : une commande se fait sur son marché, pas ici.",
            quantity=standing.before.wish.quantity,
        )
    rules.check_joinable(setting, today)
    placing.check_place(replace(ground, takes_firm_needs=True), wish, standing.belonging)
    rules.check_quantity(setting, wish.quantity)
    placing.check_claim(standing.claimed_by, standing.claim_label, ground)
    left = replace(ground, term_months=rules.months_left(setting, today))
    placed = placing.place(left, wish, None, signs=True, signer=actor.user_id, now=clock.now())
    assert placed.signature is not None
    return placed, rules.quote(setting, wish.quantity, placed.signature.price_ceiling, today)


def _record(
    session: Session, actor: Actor, lot: Lot, standing: Standing, establishment_id: UUID, placed: Placed, quote: Quote
) -> LateJoining:
    """The commitment in the ledger, the facts as signed, and the fee owed to the centre."""
    quantity, signature = placed.wish.quantity, placed.signature
    assert signature is not None
    this_need = (Need.lot_id == lot.id, Need.establishment_id == establishment_id)
    session.execute(
        update(Need)
        .where(*this_need)
        .values(ordered_quantity=quantity, decision_code=JOINED_LATE)
        .execution_options(synchronize_session=False)
    )
    amount = None
    if lot.reference_unit_price is not None:
        amount = round_cents(quantity * lot.reference_unit_price * periods(quote.months, lot.price_period))
    entry = book(session, lot.id, "committed", quantity, reason=JOINED_LATE, amount=amount, by=actor.user_id)
    joining = LateJoining(
        lot_id=lot.id, establishment_id=establishment_id, organisation_id=standing.organisation_id,
        grappe_id=placed.wish.grappe_id, quantity=quantity, months=quote.months, price_ceiling=signature.price_ceiling,
        exposure_excl_vat=signature.exposure_excl_vat, fee_amount=quote.fee_excl_vat, entry=entry,
        signed_at=signature.signed_at, signed_by=actor.user_id,
    )  # fmt: skip
    session.add(joining)
    session.flush()
    if quote.fee_excl_vat is not None:
        record_charge(
            session, kind="entry_fee", payer_organisation_id=standing.organisation_id,
            payee_organisation_id=standing.centre_id, amount=quote.fee_excl_vat, subject_kind="late_joining",
            subject_id=f"{lot.id}:{establishment_id}", label=f"{standing.pool_label}, {standing.establishment_name}",
            due_on=clock.today(),
        )  # fmt: skip
    return joining


def _tell(session: Session, actor: Actor, lot: Lot, standing: Standing, joining: LateJoining) -> None:
    """The audit, the centre, and the receipt of the establishment's organisation."""
    facts = facts_of(Placed(Wish(joining.quantity, "firm", joining.grappe_id), "counted"))
    audit.record(
        session, actor, "need.joined_late", "need", f"{lot.id}:{joining.establishment_id}",
        organisation_id=joining.organisation_id, before=None if standing.before is None else facts_of(standing.before),
        after=facts | {"months": joining.months, "price_ceiling": joining.price_ceiling,
                       "exposure_excl_vat": joining.exposure_excl_vat, "fee_amount": joining.fee_amount,
                       "entry": joining.entry},
    )  # fmt: skip
    values = {
        "lot": lot.title, "lot_id": str(lot.id), "establishment": standing.establishment_name,
        "quantity": joining.quantity, "unit": unit_of(lot.unit, joining.quantity), "months": joining.months,
        "excl_vat": amount_of(joining.exposure_excl_vat), "incl_vat": amount_of(incl_vat(joining.exposure_excl_vat)),
    }  # fmt: skip
    tell_many(session, [
        Telling("joined_late", values, organisation_ids=[joining.organisation_id]),
        Telling("joined_late_centre", values, organisation_ids=[standing.centre_id]),
    ])  # fmt: skip

