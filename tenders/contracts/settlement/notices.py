"""Who is told of a true-up: each member its own result, the centre and the holder the whole."""
from decimal import Decimal
from uuid import UUID

from sqlalchemy.orm import Session

from marketplace.notifications.services import Telling, tell_many
from marketplace.platform.errors import Sentence
from tenders.contracts.models import Contract
from tenders.contracts.settlement import messages
from tenders.contracts.settlement.models import Settlement, SettlementShare
from tenders.contracts.settlement.rules import say_share
from tenders.demand.words import amount_of, unit_of

messages.register_all()


def settled(session: Session, contract: Contract, settlement: Settlement) -> None:
    """Step: tell everybody on the contract, in one row."""
    named = {"contract": contract.title, "contract_id": str(contract.id)}
    whole = {
        **named, "consumed": settlement.consumed, "minimum": settlement.minimum, "lacking": settlement.lacking,
        "unit": unit_of(contract.unit, settlement.consumed), "amount": amount_of(settlement.amount),
    }  # fmt: skip
    parties = [contract.organisation_id, contract.holder.organisation_id]
    tellings = [Telling("contract_settled", whole, organisation_ids=parties)]
    by_organisation: dict[UUID, list[SettlementShare]] = {}
    for share in settlement.shares:
        by_organisation.setdefault(share.organisation_id, []).append(share)
    tellings += [
        Telling("contract_settled_member", {**named, "result": result_of(contract, shares)}, organisation_ids=[organisation])
        for organisation, shares in sorted(by_organisation.items(), key=lambda item: str(item[0]))
    ]
    tell_many(session, tellings)


def result_of(contract: Contract, shares: list[SettlementShare]) -> Sentence:
    """The result of one line, or of all the sites of an organisation together."""
    consumed = sum(share.consumed for share in shares)
    return say_share(
        sum(share.committed for share in shares), consumed, sum(share.owed for share in shares),
        unit=unit_of(contract.unit, consumed), amount=amount_of(sum((share.amount for share in shares), Decimal(0))),
    )  # fmt: skip
