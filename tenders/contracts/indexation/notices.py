"""Who is told of a revision: members and holder, before it takes effect."""
from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.notifications.services import tell
from tenders.contracts.indexation import messages
from tenders.contracts.indexation.models import ContractIndex, ContractRevision
from tenders.contracts.models import Contract, ContractMember

messages.register_all()


def revised(session: Session, contract: Contract, revision: ContractRevision, index: ContractIndex) -> None:
    """Step: from when, by how much, on which value."""
    members = select(ContractMember.organisation_id).where(ContractMember.contract_id == contract.id).distinct()
    values = {
        "contract_id": str(contract.id), "title": contract.title, "reference": contract.reference,
        "day": revision.effective_on, "factor": str(revision.factor), "code": index.code, "value": str(index.value),
    }  # fmt: skip
    told = [*session.scalars(members), contract.holder.organisation_id]
    tell(session, template="contract_revised", values=values, organisation_ids=told)
