"""Reads of invoices: their issuer and their buyer see them, nobody else does."""
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Select, case, exists, func, or_, select
from sqlalchemy.orm import Session, aliased, joinedload

from catalog.providers.models import Provider
from marketplace.accounts.models import Organisation
from marketplace.platform import clock
from marketplace.platform.errors import NotFound
from marketplace.platform.pagination import USUAL_PAGE, paginate
from marketplace.platform.permissions import Actor
from tenders.contracts.invoicing.models import Invoice, InvoiceSeries, InvoicingDetails, SupplierInvoice
from tenders.contracts.invoicing.rules.invoice import Address, Party
from tenders.contracts.invoicing.rules.numbering import missing_numbers
from tenders.contracts.invoicing.rules.states import status_of
from tenders.contracts.models import Contract
from tenders.contracts.ordering.models import CallOff
from tenders.contracts.rules.selling import RESALE
from tenders.vehicles.models import Lot, Vehicle

READERS = frozenset({"care_operator", "provider", "purchasing_centre"})


def readers(actor: Actor) -> set[UUID]:
    """Organisations whose invoices the actor may see."""
    return {seat.organisation_id for seat in actor.seats if seat.kind in READERS}


def visible_invoices(actor: Actor) -> Select[Invoice]:
    """Invoices the actor may see, each with its parties and its payment."""
    statement = select(Invoice).options(
        joinedload(Invoice.issuer), joinedload(Invoice.buyer), joinedload(Invoice.payment), joinedload(Invoice.original)
    )
    if actor.is_system:
        return statement
    own = readers(actor)
    return statement.where(or_(Invoice.issuer_id.in_(own), Invoice.buyer_id.in_(own)))


def get_invoice(session: Session, actor: Actor, invoice_id: UUID) -> Invoice:
    """The invoice; NotFound when there is none or the actor may not see it."""
    found = session.scalars(visible_invoices(actor).where(Invoice.id == invoice_id)).unique().one_or_none()
    if found is None:
        raise NotFound("invoice")
    return found


def list_invoices(
    session: Session, actor: Actor, *, call_off_id: UUID | None = None, limit: int = USUAL_PAGE, cursor: str | None = None
) -> dict[str, Any]:  # fmt: skip
    """A page of invoices, the oldest first."""
    statement = visible_invoices(actor)
    if call_off_id is not None:
        statement = statement.where(Invoice.call_off_id == call_off_id)
    return paginate(session, statement, [Invoice.issued_at, Invoice.id], limit=limit, cursor=cursor)


def list_recent(session: Session, actor: Actor, limit: int) -> Sequence[Invoice]:
    """The newest first, at most `limit`."""
    newest = visible_invoices(actor).order_by(Invoice.issued_at.desc(), Invoice.id.desc()).limit(limit)
    return session.scalars(newest).unique().all()


def credits_of(session: Session, invoice_ids: Collection[UUID]) -> dict[UUID, Invoice]:
    """The credit note of each invoice that has one."""
    statement = select(Invoice).where(Invoice.corrects_id.in_(invoice_ids))
    return {note.corrects_id: note for note in session.scalars(statement) if note.corrects_id is not None}


def statuses_of(session: Session, invoices: Collection[Invoice], today: date | None = None) -> dict[UUID, str]:
    """Where each invoice stands (rules/states.py)."""
    credited = credits_of(session, [invoice.id for invoice in invoices])
    day = today or clock.today()
    return {
        invoice.id: status_of(
            invoice.kind, invoice.due_on, day, paid=invoice.payment is not None, credited=invoice.id in credited
        )
        for invoice in invoices
    }


def running_invoice(session: Session, **subject: UUID) -> Invoice | None:
    """The invoice of a subject that no credit note took back; `subject`: columns that name it."""
    credited = select(Invoice.corrects_id).where(Invoice.corrects_id.is_not(None))
    statement = select(Invoice).filter_by(kind="invoice", **subject).where(Invoice.id.not_in(credited))
    return session.scalars(statement).one_or_none()


def next_attempt(session: Session, **subject: UUID) -> int:
    """How many invoices the subject had; the caller holds the contract's row."""
    return session.scalar(select(func.count()).select_from(Invoice).filter_by(kind="invoice", **subject)) or 0


def standing_supplier_invoice(session: Session, call_off_id: UUID) -> SupplierInvoice | None:
    """The holder's own invoice of a call-off, unless it was disputed."""
    statement = select(SupplierInvoice).where(
        SupplierInvoice.call_off_id == call_off_id, SupplierInvoice.decision.is_distinct_from("disputed")
    )
    return session.scalars(statement.limit(1)).one_or_none()


def details_of(session: Session, organisation_ids: Collection[UUID]) -> Mapping[UUID, InvoicingDetails]:
    """The invoicing details of organisations that gave some."""
    statement = select(InvoicingDetails).where(InvoicingDetails.organisation_id.in_(organisation_ids))
    return {details.organisation_id: details for details in session.scalars(statement)}


def party_of(organisation: Organisation, details: InvoicingDetails | None) -> Party:
    """An organisation as an invoice names it; without details its address is empty, and the invoice is refused."""
    address = Address((), "", "") if details is None else Address(
        tuple(details.address_lines), details.postcode, details.town, details.country
    )  # fmt: skip
    return Party(organisation.name, organisation.siren, organisation.vat_number, address)


def find_gaps(session: Session) -> list[tuple[UUID, int, list[int]]]:
    """Series whose invoices are not exactly 1 to its last number: (issuer, year, missing); none, ever."""
    held: dict[tuple[UUID, int], list[int]] = {}
    for issuer_id, year, sequence in session.execute(select(Invoice.issuer_id, Invoice.year, Invoice.sequence)):
        held.setdefault((issuer_id, year), []).append(sequence)
    series = session.scalars(select(InvoiceSeries)).all()
    return [
        (each.issuer_id, each.year, missing)
        for each in series
        if (missing := missing_numbers(held.get((each.issuer_id, each.year), []), each.last))
    ]


def visible_supplier_invoices(actor: Actor) -> Select[SupplierInvoice]:
    """Suppliers' invoices that the actor may see: their buyer, and who issued them."""
    statement = select(SupplierInvoice).options(joinedload(SupplierInvoice.issuer), joinedload(SupplierInvoice.buyer))
    if actor.is_system:
        return statement
    own = readers(actor)
    return statement.where(or_(SupplierInvoice.issuer_id.in_(own), SupplierInvoice.buyer_id.in_(own)))


def get_supplier_invoice(session: Session, actor: Actor, invoice_id: UUID) -> SupplierInvoice:
    """The supplier's invoice; NotFound when there is none or the actor may not see it."""
    found = session.scalars(visible_supplier_invoices(actor).where(SupplierInvoice.id == invoice_id)).one_or_none()
    if found is None:
        raise NotFound("supplier_invoice")
    return found


def list_recent_supplier_invoices(session: Session, actor: Actor, limit: int) -> Sequence[SupplierInvoice]:
    """The newest first, at most `limit`."""
    newest = visible_supplier_invoices(actor).order_by(SupplierInvoice.received_at.desc(), SupplierInvoice.id.desc())
    return session.scalars(newest.limit(limit)).all()


def uninvoiced(*wanted: Any) -> Select[Any]:
    """`wanted` of certified call-offs without a standing invoice, the platform's or the holder's own, the oldest first."""
    credit = aliased(Invoice)
    standing = exists().where(
        Invoice.call_off_id == CallOff.id, Invoice.kind == "invoice", ~exists().where(credit.corrects_id == Invoice.id)
    )
    received = exists().where(
        SupplierInvoice.call_off_id == CallOff.id, SupplierInvoice.decision.is_distinct_from("disputed")
    )
    return (
        select(*wanted)
        .select_from(CallOff)
        .join(Contract, Contract.id == CallOff.contract_id)
        .join(Provider, Provider.id == Contract.holder_id)
        .join(Lot, Lot.id == Contract.lot_id)
        .join(Vehicle, Vehicle.id == Lot.vehicle_id)
        .where(CallOff.certified_at.is_not(None), CallOff.amount > 0, ~standing, ~received)
        .order_by(CallOff.certified_at, CallOff.id)
    )


def list_to_invoice(session: Session, actor: Actor, limit: int) -> Sequence[CallOff]:
    """Certified orders that the actor's organisations have still to invoice, as holders or as the centre that resells."""
    seller = case((Vehicle.technique == RESALE, Contract.organisation_id), else_=Provider.organisation_id)
    statement = uninvoiced(CallOff).where(seller.in_(readers(actor))).options(
        joinedload(CallOff.contract), joinedload(CallOff.establishment)
    )
    return session.scalars(statement.limit(limit)).all()
