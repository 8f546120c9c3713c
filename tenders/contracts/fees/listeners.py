"""What contracts do when fees are paid: the trail of the contract, the order or the adhesion says so."""
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.billing.events import FeeInvoicePaid
from marketplace.billing.models import Charge
from marketplace.platform import audit
from marketplace.platform.permissions import SYSTEM

SUBJECTS: Final = {"contract": "contract", "contract_year": "contract", "call_off": "call_off", "adhesion_year": "vehicle"}
"""What a charge is about → whose trail it belongs to, by the first id of its subject."""


def note_fees_paid(session: Session, event: FeeInvoicePaid) -> None:
    """Write into each subject's trail that what was owed for it is paid, and by which invoice."""
    paid = select(Charge).where(Charge.id.in_(event.charge_ids), Charge.subject_kind.in_(SUBJECTS)).order_by(Charge.id)
    for charge in session.scalars(paid):
        subject_id = charge.subject_id.partition(":")[0]
        audit.record(
            session, SYSTEM, "fee.paid", SUBJECTS[charge.subject_kind], subject_id,
            organisation_id=charge.payee_organisation_id,
            after={"charge_id": charge.id, "fee_invoice_id": event.fee_invoice_id, "amount": charge.amount},
        )  # fmt: skip
