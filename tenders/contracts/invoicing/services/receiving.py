"""Use cases of a supplier's own invoice: received against the order it names, then accepted or disputed by its buyer."""
from decimal import Decimal
from uuid import UUID

from sqlalchemy import Text, cast, func, select
from sqlalchemy.orm import Session

from marketplace.accounts.models import Organisation
from marketplace.platform import audit, clock
from marketplace.platform.database import new_id, transaction
from marketplace.platform.errors import N_, Conflict, RuleBroken
from marketplace.platform.facts import pack
from marketplace.platform.http import name_constraint
from marketplace.platform.permissions import Actor, require
from tenders.contracts.invoicing import notices, queries
from tenders.contracts.invoicing.factur_x.reading import read_invoice
from tenders.contracts.invoicing.models import SupplierInvoice
from tenders.contracts.invoicing.rules.comparing import Difference, Ordered, Received, differences
from tenders.contracts.invoicing.rules.states import check_can_invoice
from tenders.contracts.models import Contract
from tenders.contracts.ordering.models import CallOff
from tenders.contracts.ordering.queries.orders import visible_call_offs
from tenders.contracts.queries import lock_contract, seller_of

RECEIVED = N_("Cette facture de ce fournisseur est déjà reçue : retrouvez-la dans la liste.")
name_constraint("uq_supplier_invoices_issuer_id_number", "invoice_received_already", RECEIVED)


def receive_invoice(actor: Actor, content: bytes, *, call_off_id: UUID | None = None) -> SupplierInvoice:
    """Read a supplier's Factur-X file and hold it against the call-off that it names, or against `call_off_id`.

    Nothing is kept of a file that cannot be read. RuleBroken `invoice_file_*`, `order_not_found`,
    `call_off_not_certified`, `already_invoiced`; Conflict `invoice_received_already`.
    """
    received, xml = read_invoice(content)
    with transaction() as session:
        order = _order(session, actor, received, call_off_id)
        require(actor, "invoice.receive", own=order.organisation_id)
        lock_contract(session, order.contract_id)
        running = queries.running_invoice(session, call_off_id=order.id)
        check_can_invoice(
            certified=order.certified_at is not None, number=running.number if running else None, supplier_number=None
        )
        seller = session.get_one(Organisation, seller_of(order.contract))
        if session.scalar(select(SupplierInvoice.id).filter_by(issuer_id=seller.id, number=received.number)) is not None:
            raise Conflict("invoice_received_already", RECEIVED)
        standing = queries.standing_supplier_invoice(session, order.id)
        check_can_invoice(certified=True, number=None, supplier_number=standing.number if standing else None)
        found = differences(received, _ordered(order, seller))
        invoice = SupplierInvoice(
            id=new_id(), call_off_id=order.id, issuer_id=seller.id, buyer_id=order.organisation_id, number=received.number,
            xml=xml.decode("utf-8", "replace"), excl_vat=received.excl_vat, vat=received.vat, incl_vat=received.incl_vat,
            differences=[packed(each) for each in found], received_by=actor.user_id,
        )  # fmt: skip
        session.add(invoice)
        session.flush()
        audit.record(
            session, actor, "supplier_invoice.received", "supplier_invoice", invoice.id,
            organisation_id=order.organisation_id,
            after={"call_off_id": order.id, "number": received.number, "differences": len(found)},
        )  # fmt: skip
        return invoice


def judge_invoice(actor: Actor, invoice_id: UUID, *, decision: str, reason: str = "") -> SupplierInvoice:
    """The buyer accepts a supplier's invoice, or disputes it with its reason; once.

    RuleBroken `invoice_judged`, `dispute_without_reason`.
    """
    with transaction() as session:
        invoice = queries.get_supplier_invoice(session, actor, invoice_id)
        require(actor, "invoice.judge", own=invoice.buyer_id)
        locked = select(SupplierInvoice).where(SupplierInvoice.id == invoice.id).with_for_update()
        invoice = session.scalars(locked, execution_options={"populate_existing": True}).one()
        if invoice.decision is not None:
            raise RuleBroken("invoice_judged", "Cette facture est déjà acceptée ou contestée : la décision ne se refait pas.")
        if decision == "disputed" and not reason.strip():
            raise RuleBroken(
                "dispute_without_reason", "Écrivez ce que vous contestez : le fournisseur le lira.", field="reason"
            )
        invoice.decision, invoice.reason = decision, reason.strip()
        invoice.decided_at, invoice.decided_by = clock.now(), actor.user_id
        session.flush()
        audit.record(
            session, actor, f"supplier_invoice.{decision}", "supplier_invoice", invoice.id,
            organisation_id=invoice.buyer_id, after={"reason": invoice.reason},
        )  # fmt: skip
        notices.judged(session, invoice)
        return invoice


def packed(difference: Difference) -> dict[str, object]:
    """A difference as its row keeps it."""
    return {
        "field": difference.field, "line": difference.line, "ordered": difference.ordered, "invoiced": difference.invoiced,
        "sentence": pack(difference.sentence),
    }  # fmt: skip


def _order(session: Session, actor: Actor, received: Received, call_off_id: UUID | None) -> CallOff:
    """The caller's own order that the invoice names; by the reference given at the order, or by the order's own."""
    statement = visible_call_offs(actor).where(CallOff.organisation_id.in_(actor.organisation_ids(kind="care_operator")))
    if call_off_id is not None:
        statement = statement.where(CallOff.id == call_off_id)
    else:
        number = cast(CallOff.number, Text)
        own = func.concat(Contract.reference, "-", func.lpad(number, func.greatest(3, func.length(number)), "0"))
        named = received.purchase_order_reference
        statement = statement.where((CallOff.purchase_order_reference == named) | (own == named))
    found = session.scalars(statement.limit(2)).all()
    if len(found) != 1 or (call_off_id is None and not received.purchase_order_reference):
        raise RuleBroken(
            "order_not_found",
            "Aucune de vos commandes ne porte la référence « {reference} », ou plusieurs : choisissez la commande vous-même.",
            field="call_off_id", reference=received.purchase_order_reference or "–",
        )  # fmt: skip
    return found[0]


def _ordered(order: CallOff, seller: Organisation) -> Ordered:
    return Ordered(
        Decimal(order.accepted_quantity or 0), order.periods, order.unit_price, order.amount, order.vat_rate,
        seller.siren or "", order.organisation.siren or "",
    )  # fmt: skip
