"""What fees ask of each home: an invoice to pay, a payment that was refused, one that did not come. One read each."""
from datetime import date, datetime, time, timedelta

from sqlalchemy import or_, select
from sqlalchemy.orm import Session, aliased

from marketplace.accounts.models import Organisation
from marketplace.billing.models import FeeInvoice
from marketplace.billing.permissions import PAYEES, SIGNERS
from marketplace.platform import clock
from marketplace.platform.errors import N_, Sentence
from marketplace.platform.i18n import euros
from marketplace.platform.permissions import Actor
from tenders.dashboard.rules import Todo

MOST = 3
LATE = timedelta(days=30)
"""After how long without a payment a payee is asked to remind its payer (the usual term of a French invoice)."""
OPEN = FeeInvoice.paid_at.is_(None), FeeInvoice.voided_at.is_(None)


def of_payer(session: Session, actor: Actor, *, kind: str) -> list[Todo]:
    """Invoices that nobody pays by itself: without an announced payment, or whose payment was refused."""
    own = actor.organisation_ids(tuple(SIGNERS), kind=kind)
    payee = aliased(Organisation)
    unpaid = (
        select(FeeInvoice, payee.name).join(payee, payee.id == FeeInvoice.payee_organisation_id)
        .where(FeeInvoice.payer_organisation_id.in_(own), *OPEN,
               or_(FeeInvoice.failed_at.is_not(None), FeeInvoice.charge_on.is_(None) & (FeeInvoice.attempts == 0)))
        .order_by(FeeInvoice.due_on, FeeInvoice.id).limit(MOST)
    )  # fmt: skip
    return [
        _todo(invoice, name, PAY, REFUSED if invoice.failed_at else UNPAID, "billing_pages.list_owed", invoice.due_on + LATE)
        for invoice, name in session.execute(unpaid)
    ]


def of_payee(session: Session, actor: Actor) -> list[Todo]:
    """Invoices whose payment was refused, or that are late."""
    own = {each for kind in PAYEES for each in actor.organisation_ids(tuple(SIGNERS), kind=kind)}
    payer = aliased(Organisation)
    missing = (
        select(FeeInvoice, payer.name).join(payer, payer.id == FeeInvoice.payer_organisation_id)
        .where(FeeInvoice.payee_organisation_id.in_(own), *OPEN,
               or_(FeeInvoice.failed_at.is_not(None), FeeInvoice.due_on < clock.today() - LATE))
        .order_by(FeeInvoice.due_on, FeeInvoice.id).limit(MOST)
    )  # fmt: skip
    return [
        _todo(invoice, name, REMIND, WILL_NOT_COME, "billing_pages.list_earned") for invoice, name in session.execute(missing)
    ]


def _todo(invoice: FeeInvoice, party: str, what: str, otherwise: str, endpoint: str, due_on: date | None = None) -> Todo:
    values = {"amount": euros(invoice.amount_incl_vat), "party": party}
    due = None if due_on is None else datetime.combine(due_on, time(23, 59), clock.PARIS)
    return Todo(
        Sentence("fee_todo", what, values), Sentence("fee_otherwise", otherwise, values), endpoint, due=due
    )  # fmt: skip


PAY = N_("Payer {amount} TTC de frais à {party}")
UNPAID = N_("Aucun paiement n'est prévu pour cette facture : sans vous, elle reste due.")
REFUSED = N_("La banque a refusé le paiement ; rien ne sera plus prélevé sans vous.")
REMIND = N_("Relancer {party} : {amount} TTC de frais impayés")
WILL_NOT_COME = N_("Un virement déjà reçu se note sur la page des frais ; sinon rien ne viendra de lui-même.")
