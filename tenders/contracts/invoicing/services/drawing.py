"""Use cases that issue invoices and credit notes: the issuer's people, or the platform under the issuer's mandate."""
import logging
from datetime import datetime
from uuid import UUID

from sqlalchemy import exists, select
from sqlalchemy.orm import Session, aliased

from catalog.providers.models import Provider
from marketplace.platform import audit
from marketplace.platform.database import transaction
from marketplace.platform.errors import DomainError, RuleBroken
from marketplace.platform.permissions import SYSTEM, Actor, require
from tenders.contracts.invoicing import documents, notices, queries
from tenders.contracts.invoicing.content import from_content
from tenders.contracts.invoicing.issuing import issue
from tenders.contracts.invoicing.models import Invoice, InvoicingDetails
from tenders.contracts.invoicing.rules import states
from tenders.contracts.invoicing.rules.invoice import credit_of
from tenders.contracts.ordering.models import CallOff
from tenders.contracts.ordering.queries.orders import get_call_off, lock_call_off
from tenders.contracts.queries import get_contract, lock_contract, seller_of
from tenders.contracts.rules.selling import RESALE
from tenders.contracts.settlement.queries import get_settlement
from tenders.vehicles.models import Vehicle

log = logging.getLogger(__name__)

AT_ONCE = 200
"""Call-offs drawn in one run of the scheduler."""


def draw_call_off_invoice(actor: Actor, call_off_id: UUID) -> Invoice:
    """Invoice a certified call-off, once.

    RuleBroken `call_off_not_certified`, `already_invoiced`, `no_mandate`, `invoice_issuer_incomplete`,
    `invoice_buyer_incomplete`.
    """
    with transaction() as session:
        order = get_call_off(session, actor, call_off_id)
        seller_id = seller_of(order.contract)
        require(actor, "invoice.draw", own=seller_id)
        lock_contract(session, order.contract_id)
        order = lock_call_off(session, order.id)
        running = queries.running_invoice(session, call_off_id=order.id)
        own = queries.standing_supplier_invoice(session, order.id)
        states.check_can_invoice(
            certified=order.certified_at is not None, number=running.number if running else None,
            supplier_number=own.number if own else None,
        )  # fmt: skip
        between = documents.parties(session, order.contract, order.organisation_id)
        under_mandate = _under_mandate(actor, between)
        invoice = issue(
            session, documents.of_call_off(order, between, under_mandate=under_mandate),
            issuer_id=seller_id, buyer_id=order.organisation_id, payment_days=between.payment_days,
            under_mandate=under_mandate, by=actor.user_id, call_off_id=order.id,
            attempt=queries.next_attempt(session, call_off_id=order.id),
        )  # fmt: skip
        _tell(session, actor, invoice, "invoice.issued")
        return invoice


def draw_shortfall_invoice(actor: Actor, contract_id: UUID, buyer_id: UUID) -> Invoice:
    """Invoice what a member owes of a contract's true-up, once. RuleBroken `nothing_owed`, `already_invoiced`."""
    with transaction() as session:
        contract = get_contract(session, actor, contract_id)
        seller_id = seller_of(contract)
        require(actor, "invoice.draw", own=seller_id)
        lock_contract(session, contract.id)
        settlement = get_settlement(session, contract.id)
        owing = [share for share in settlement.shares if share.organisation_id == buyer_id and share.owed]
        subject = {"settled_contract_id": contract.id}
        running = queries.running_invoice(session, buyer_id=buyer_id, **subject)
        states.check_can_invoice_shortfall(
            owed=sum(share.owed for share in owing), number=running.number if running else None
        )
        between = documents.parties(session, contract, buyer_id)
        under_mandate = _under_mandate(actor, between)
        document = documents.of_shortfall(contract, owing, settlement.vat_rate, between, under_mandate=under_mandate)
        invoice = issue(
            session, document, issuer_id=seller_id, buyer_id=buyer_id, payment_days=between.payment_days,
            under_mandate=under_mandate, by=actor.user_id, **subject,
            attempt=queries.next_attempt(session, buyer_id=buyer_id, **subject),
        )  # fmt: skip
        _tell(session, actor, invoice, "invoice.issued")
        return invoice


def credit_invoice(actor: Actor, invoice_id: UUID, reason: str) -> Invoice:
    """Take an invoice back, whole, by a credit note in the same series.

    RuleBroken `invoice_credited`, `credit_without_reason`.
    """
    with transaction() as session:
        invoice = queries.get_invoice(session, actor, invoice_id)
        require(actor, "invoice.credit", own=invoice.issuer_id)
        lock_contract(session, _contract_of(session, invoice))
        states.check_can_credit(queries.statuses_of(session, [invoice])[invoice.id], reason)
        note = credit_of(from_content(invoice.content), invoice.issued_on, reason.strip())
        credit = issue(
            session, note, issuer_id=invoice.issuer_id, buyer_id=invoice.buyer_id, by=actor.user_id,
            corrects_id=invoice.id, call_off_id=invoice.call_off_id, settled_contract_id=invoice.settled_contract_id,
            attempt=invoice.attempt,
        )  # fmt: skip
        _tell(session, actor, credit, "invoice.credited")
        return credit


def draw_mandated(_now: datetime) -> int:
    """Use case of the scheduler: invoice every certified call-off whose seller gave a mandate; how many.

    One that is refused is left to its seller, and said in the log.
    """
    with transaction() as session:
        waiting = _waiting(session)
    drawn = 0
    for call_off_id in waiting:
        try:
            draw_call_off_invoice(SYSTEM, call_off_id)
        except DomainError as refused:
            log.info("not invoiced: %s", refused.code, extra={"call_off_id": str(call_off_id)})
        else:
            drawn += 1
    return drawn


def _waiting(session: Session) -> list[UUID]:
    """Certified call-offs not invoiced, whose seller gave a mandate and whose buyer gave its details."""
    seller, buyer = aliased(InvoicingDetails), aliased(InvoicingDetails)
    statement = (
        queries.uninvoiced(CallOff.id)
        .join(seller, seller.organisation_id == Provider.organisation_id)
        .join(buyer, buyer.organisation_id == CallOff.organisation_id)
        # What its seller credited is invoiced again by the seller: the platform does not undo the credit note.
        .where(
            Vehicle.technique != RESALE, seller.mandated_at.is_not(None), ~exists().where(Invoice.call_off_id == CallOff.id)
        )
    )
    return list(session.scalars(statement.limit(AT_ONCE)))


def _under_mandate(actor: Actor, between: documents.Parties) -> bool:
    """Whether the platform acts for the issuer; it may not without a mandate."""
    if actor.is_system and between.mandated_on is None:
        raise RuleBroken(
            "no_mandate", "{name} n'a pas donné mandat à la plateforme : sa facture lui appartient.", name=between.issuer.name
        )
    return actor.is_system


def _contract_of(session: Session, invoice: Invoice) -> UUID:
    if invoice.settled_contract_id is not None:
        return invoice.settled_contract_id
    return session.scalars(select(CallOff.contract_id).where(CallOff.id == invoice.call_off_id)).one()


def _tell(session: Session, actor: Actor, invoice: Invoice, action: str) -> None:
    audit.record(
        session, actor, action, "invoice", invoice.id, organisation_id=invoice.issuer_id,
        after={"number": invoice.number, "buyer_id": invoice.buyer_id, "incl_vat": invoice.incl_vat,
               "under_mandate": invoice.under_mandate, "corrects_id": invoice.corrects_id},
    )  # fmt: skip
    notices.issued(session, invoice)
