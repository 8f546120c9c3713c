"""Who is told what about contracts; every function is a step that writes outbox rows in the act's transaction."""
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.notifications.services import Telling, tell, tell_many
from tenders.contracts import messages
from tenders.contracts.models import Contract, ContractMember
from tenders.contracts.rules.activation import Activation
from tenders.demand.models import Need
from tenders.demand.rules.price_at_award import PriceDropped
from tenders.demand.words import price_of, unit_of

messages.register_all()


def concluded(session: Session, contract: Contract) -> None:
    """To members and holder: with whom, until when, and that it waits for its signature."""
    _tell_parties(session, contract, "contract_concluded", {"ends_on": contract.ends_on})


def left_at_price(session: Session, contract: Contract, needs: Sequence[Need], dropped: Mapping[UUID, PriceDropped]) -> None:
    """To each member whose limit the price exceeds."""
    tellings = []
    for need in needs:
        left = dropped[need.establishment_id]
        values = {
            **_about(contract), "lot_id": str(contract.lot_id), "limit": price_of(left.limit),
            "price": price_of(left.prices_seen[-1]),
        }  # fmt: skip
        tellings.append(Telling("contract_left_at_price", values, organisation_ids=[need.organisation_id]))
    tell_many(session, tellings)


def activated(session: Session, contract: Contract) -> None:
    """To members and holder: orders are possible, from when until when."""
    _tell_parties(session, contract, "contract_activated", {"starts_on": contract.starts_on, "ends_on": contract.ends_on})


def minimum_missed(session: Session, contract: Contract, answer: Activation) -> None:
    """To members and holder: what lacked, and that nobody is bound."""
    unit = unit_of(contract.unit, answer.committed)
    facts = {"committed": answer.committed, "minimum": answer.minimum, "unit": unit}
    _tell_parties(session, contract, "contract_minimum_missed", facts)


def suspended(session: Session, contract: Contract, reason: str) -> None:
    """To members and holder: no order from that day on, and why."""
    _tell_parties(session, contract, "contract_suspended", {"from_day": contract.suspended_from, "reason": reason})


def resumed(session: Session, contract: Contract) -> None:
    """To members and holder: orders pass again."""
    _tell_parties(session, contract, "contract_resumed", {})


def terminated(session: Session, contract: Contract, day: date, reason: str) -> None:
    """To members and holder: from when it ends, and why."""
    _tell_parties(session, contract, "contract_terminated", {"day": day, "reason": reason})


def _tell_parties(session: Session, contract: Contract, template: str, facts: Mapping[str, Any]) -> None:
    members = select(ContractMember.organisation_id).where(ContractMember.contract_id == contract.id).distinct()
    told = [*session.scalars(members), contract.holder.organisation_id]
    tell(session, template=template, values={**_about(contract), **facts}, organisation_ids=told)


def _about(contract: Contract) -> dict[str, Any]:
    return {
        "contract_id": str(contract.id), "title": contract.title, "reference": contract.reference,
        "holder": contract.holder.name,
    }  # fmt: skip
