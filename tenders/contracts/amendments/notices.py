"""Who is told of an amendment: members, those who leave too, and the holder, once it is signed."""
from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.notifications.services import tell
from marketplace.platform.errors import Sentence
from tenders.contracts.amendments import messages
from tenders.contracts.amendments.labels import WHAT
from tenders.contracts.amendments.models import Amendment
from tenders.contracts.models import Contract, ContractMember

messages.register_all()


def signed(session: Session, contract: Contract, amendment: Amendment) -> None:
    """Step: which version, from when, what it changes and why."""
    members = select(ContractMember.organisation_id).where(ContractMember.contract_id == contract.id).distinct()
    values = {
        "contract_id": str(contract.id), "title": contract.title, "reference": contract.reference,
        "holder": contract.holder.name, "number": amendment.number, "day": amendment.effective_on,
        "what": Sentence(f"amended_{amendment.kind}", WHAT[amendment.kind]), "reason": amendment.reason,
    }  # fmt: skip
    told = [*session.scalars(members), contract.holder.organisation_id]
    tell(session, template="amendment_signed", values=values, organisation_ids=told)
