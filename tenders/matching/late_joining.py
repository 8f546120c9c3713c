"""What joining a closed lot would be: the term and the envelope left, the price step it would reach, what it binds to."""
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from sqlalchemy.orm import Session

from marketplace.platform import clock, events
from marketplace.platform.permissions import Actor, require
from tenders.demand.envelopes.queries import get_envelope
from tenders.demand.joining import rules
from tenders.demand.joining.events import ContractFee, FeesOfJoining
from tenders.demand.joining.models import LateJoining
from tenders.demand.joining.queries import find_joining, setting_of
from tenders.demand.joining.rules import Quote, Setting
from tenders.demand.queries.placing import get_standing
from tenders.matching.queries import BestPrice, list_best_prices
from tenders.vehicles.models import Lot
from tenders.vehicles.queries import get_lot


@dataclass(frozen=True)
class LateQuote:
    """Joining with `quantity` units: the quote at `unit_price` (the ceiling asked for, else the reference; None: none).

    `engaged` units are committed on the lot before; `best_…` is the best published price before and after.
    `contract_fees`: what its contracts' members pay besides.
    """

    setting: Setting
    quantity: int
    unit_price: Decimal | None
    quote: Quote
    engaged: int
    best_before: BestPrice | None
    best_after: BestPrice | None
    contract_fees: tuple[ContractFee, ...]


@dataclass(frozen=True)
class Chance:
    """Where a site stands before any quantity is named: the lot's setting, its months left, and its joining if made."""

    setting: Setting
    months: int
    joined: LateJoining | None


def get_chance(session: Session, actor: Actor, lot_id: UUID, establishment_id: UUID) -> Chance:
    """Whether a site of the caller's could join; RuleBroken as `rules.check_joinable` when nobody can."""
    lot, setting = _setting(session, actor, lot_id, establishment_id)
    rules.check_joinable(setting, clock.today())
    joined = find_joining(session, lot.id, establishment_id)
    return Chance(setting, rules.months_left(setting, clock.today()), joined)


def quote_joining(
    session: Session, actor: Actor, lot_id: UUID, *, establishment_id: UUID, quantity: int,
    price_ceiling: Decimal | None = None,
) -> LateQuote:  # fmt: skip
    """What joining would bind to; reads only, a constant number of statements.

    Only for establishments the caller represents (domain §4b.15). NotFound; NotAllowed; RuleBroken and Conflict as
    joining the lot would be refused.
    """
    lot, setting = _setting(session, actor, lot_id, establishment_id)
    rules.check_joinable(setting, clock.today())
    rules.check_quantity(setting, quantity)
    price = price_ceiling if price_ceiling is not None else lot.reference_unit_price
    engaged = get_envelope(session, lot.id).balance.engaged
    before, after = list_best_prices(session, actor, lot, [engaged, engaged + quantity])
    quote = rules.quote(setting, quantity, price, clock.today())
    fees = events.ask(session, FeesOfJoining(lot.id))
    return LateQuote(setting, quantity, price, quote, engaged, before, after, tuple(fees))


def _setting(
    session: Session, actor: Actor, lot_id: UUID, establishment_id: UUID
) -> tuple[Lot, Setting]:
    lot = get_lot(session, actor, lot_id)
    standing = get_standing(session, lot_id, establishment_id)
    require(actor, "pool.suppose", own=standing.organisation_id)
    return lot, setting_of(session, lot, standing)
