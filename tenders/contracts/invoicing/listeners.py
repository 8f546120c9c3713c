"""What invoicing answers to the rooms below: the account that an organisation's invoices name."""
from uuid import UUID

from sqlalchemy.orm import Session

from marketplace.billing.events import TransferAccountsOf
from tenders.contracts.invoicing.queries import details_of


def transfer_accounts(session: Session, question: TransferAccountsOf) -> list[tuple[UUID, str]]:
    """The IBAN of each organisation that gave one for its invoices; one statement."""
    details = details_of(session, question.organisation_ids)
    return [(organisation_id, each.iban) for organisation_id, each in details.items() if each.iban]
