"""Use cases that make an invoice's files, once and after it was issued: what is downloaded is always the same bytes."""
import hashlib
from datetime import datetime
from uuid import UUID

from sqlalchemy import exists, select
from sqlalchemy.dialects.postgresql import insert

from marketplace.platform import clock
from marketplace.platform.database import transaction
from marketplace.platform.files import keep, read_upload
from tenders.contracts.invoicing.content import from_content
from tenders.contracts.invoicing.factur_x.page import as_pdf
from tenders.contracts.invoicing.factur_x.writing import as_xml
from tenders.contracts.invoicing.models import Invoice, InvoiceOriginal

AT_ONCE = 50


def keep_original(invoice_id: UUID) -> None:
    """Write the XML and the PDF of an issued invoice; repeating it, or doing it twice at once, changes nothing.

    Apart from the transaction that numbers: drawing a page takes a tenth of a second, and a series waits for nobody.
    """
    with transaction() as session:
        invoice = session.get_one(Invoice, invoice_id)
        if session.get(InvoiceOriginal, invoice_id) is not None:
            return
        xml = as_xml(from_content(invoice.content))
        pdf = read_upload(f"{invoice.number}.pdf", as_pdf(from_content(invoice.content), xml))
        stored = keep(session, pdf, owner_id=invoice.issuer_id, stored_by=None)
        values = {
            "invoice_id": invoice_id, "xml": xml.decode(), "xml_sha256": hashlib.sha256(xml).hexdigest(),
            "file_id": stored.id, "kept_at": clock.now(),
        }  # fmt: skip
        session.execute(insert(InvoiceOriginal).values(values).on_conflict_do_nothing())


def keep_originals(_now: datetime) -> int:
    """Use case of the scheduler: make the files of invoices whose issuing was interrupted before; how many."""
    missing = select(Invoice.id).where(~exists().where(InvoiceOriginal.invoice_id == Invoice.id))
    with transaction() as session:
        waiting = list(session.scalars(missing.order_by(Invoice.issued_at, Invoice.id).limit(AT_ONCE)))
    for invoice_id in waiting:
        keep_original(invoice_id)
    return len(waiting)
