"""Use cases of the true-up: made once at the term, by the scheduler or by the centre, with what it was decided from."""
import logging
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy.orm import Session

from marketplace.platform import audit, clock
from marketplace.platform.database import transaction
from marketplace.platform.errors import RuleBroken
from marketplace.platform.money import DEFAULT_VAT_RATE
from marketplace.platform.permissions import SYSTEM, Actor, require
from tenders.contracts.amendments.queries import ceilings_of
from tenders.contracts.amendments.services import take_effect
from tenders.contracts.amendments.steps import lock_current
from tenders.contracts.indexation.queries import factors_on
from tenders.contracts.indexation.rules import UNREVISED
from tenders.contracts.models import Contract, ContractMember
from tenders.contracts.ordering.rules.pricing import indexed
from tenders.contracts.queries import get_contract, list_contract_members
from tenders.contracts.settlement import notices, queries
from tenders.contracts.settlement.models import Settlement, SettlementShare
from tenders.contracts.settlement.rules import DEFAULT_RULE, Member, Statement, check_can_settle, settle

log = logging.getLogger(__name__)


def settle_contract(actor: Actor, contract_id: UUID) -> tuple[Settlement, bool]:
    """The true-up of a contract, and whether this call made it: repeating it gives the same one.

    RuleBroken `contract_not_over`, `orders_still_open`. The minimum is owed by a contract that ran to its term; one that
    was terminated before is counted, and its minimum charged to nobody.
    """
    with transaction() as session:
        contract = get_contract(session, actor, contract_id)
        require(actor, "contract.settle", centre=contract.organisation_id)
        contract = lock_current(session, contract.id)
        known = queries.find_settlement(session, contract.id)
        if known is not None:
            return known, False
        check_can_settle(
            over=contract.activated_at is not None and contract.status in ("ended", "terminated"),
            open_orders=queries.count_open_orders(session, contract.id),
        )
        settlement = _decide(session, actor, contract)
        audit.record(
            session, actor, "contract.settled", "contract", contract.id, organisation_id=contract.organisation_id,
            after={"minimum": settlement.minimum, "consumed": settlement.consumed, "lacking": settlement.lacking,
                   "amount": settlement.amount},
        )  # fmt: skip
        notices.settled(session, contract, settlement)
        return settlement, True


def settle_due(_now: datetime) -> int:
    """Use case of the scheduler: true up every contract whose term is over and whose orders are all done; how many."""
    with transaction() as session:
        due = queries.list_due(session, clock.today())
    return sum(_settle_due(contract_id) for contract_id in due)


def _settle_due(contract_id: UUID) -> bool:
    """Versions first, as they are owed even where one moves the term; then the true-up. What fails keeps no other waiting."""
    try:
        take_effect(contract_id)
        return settle_contract(SYSTEM, contract_id)[1]
    except RuleBroken as refused:
        log.info("contract not settled", extra={"contract": str(contract_id), "code": refused.code})
    except Exception:
        log.exception("true-up failed", extra={"contract": str(contract_id)})
    return False


def group_of(member: ContractMember) -> str:
    """With whom a member answers: its grappe, else the other sites of its organisation."""
    return f"organisation {member.organisation_id}" if member.grappe_id is None else f"grappe {member.grappe_id}"


def _decide(session: Session, actor: Actor, contract: Contract) -> Settlement:
    members = list_contract_members(session, contract.id)
    consumed = queries.consumed_by_member(session, contract.id)
    by_grappe = queries.sharing_rules(session, [member.grappe_id for member in members if member.grappe_id])
    rules = {f"grappe {grappe_id}": rule for grappe_id, rule in by_grappe.items()}
    minimum = 0 if contract.status == "terminated" else contract.minimum_quantity or 0
    factor = factors_on(session, [contract.id], contract.ends_on).get(contract.id, UNREVISED)
    prices = _unit_prices(session, contract, members, factor)
    statement = settle(minimum, [_value(contract, each, consumed, prices[each.establishment_id]) for each in members], rules)
    settlement = Settlement(
        contract_id=contract.id, minimum=statement.minimum, committed=statement.committed, consumed=statement.consumed,
        lacking=statement.lacking, unattributed=statement.unattributed, amount=statement.amount,
        vat_rate=queries.vat_rate_of(session, contract.id, DEFAULT_VAT_RATE), decided_by=actor.user_id,
        evidence={
            "rules": rules, "factor": f"{factor:f}", "status": contract.status, "ends_on": contract.ends_on.isoformat(),
            "call_offs": [str(each) for each in queries.certified_call_offs(session, contract.id)],
        },
    )  # fmt: skip
    session.add(settlement)
    session.flush()
    session.add_all(_shares(contract, members, statement, rules))
    session.flush()
    session.expire(settlement, ["shares"])
    return settlement


def _unit_prices(
    session: Session, contract: Contract, members: list[ContractMember], factor: Decimal
) -> dict[UUID, Decimal]:
    """What a unit that lacks costs each member: as an order on the contract's last day would have, amended and indexed.

    Never more than the ceiling it signed once an amendment changed the prices: its commitment does not go beyond it (§4b.4).
    """
    prices = {member.establishment_id: indexed(member.unit_price, factor) for member in members}
    ceilings = {} if contract.amended_grid is None else ceilings_of(session, contract.lot_id, prices)
    return {key: min(asked, ceilings.get(key, asked)) for key, asked in prices.items()}


def _value(contract: Contract, member: ContractMember, consumed: dict[UUID, int], unit_price: Decimal) -> Member:
    """A member as the rule reads it; its price over the term as it stands, with what amendments added or took off."""
    return Member(
        str(member.establishment_id), member.committed_quantity, consumed.get(member.establishment_id, 0), group_of(member),
        unit_price * contract.term.periods_until(contract.ends_on),
    )  # fmt: skip


def _shares(
    contract: Contract, members: list[ContractMember], statement: Statement, rules: dict[str, str]
) -> list[SettlementShare]:
    rows = {str(member.establishment_id): member for member in members}
    return [
        SettlementShare(
            contract_id=contract.id, establishment_id=rows[share.member.id].establishment_id,
            organisation_id=rows[share.member.id].organisation_id, grappe_id=rows[share.member.id].grappe_id,
            position=position, rule=rules.get(share.member.group or "", DEFAULT_RULE), committed=share.member.committed,
            consumed=share.member.consumed, owed=share.owed, relieved=share.relieved,
            unit_amount=share.member.unit_amount, amount=share.amount,
        )
        for position, share in enumerate(statement.shares)
    ]  # fmt: skip
