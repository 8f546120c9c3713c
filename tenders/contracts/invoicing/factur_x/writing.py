"""An invoice as Cross Industry Invoice XML (Factur-X, profile EN 16931): same invoice, same bytes."""
from datetime import date
from decimal import Decimal
from typing import Any

from drafthorse.models.accounting import ApplicableTradeTax
from drafthorse.models.document import Document
from drafthorse.models.note import IncludedNote
from drafthorse.models.party import TaxRegistration
from drafthorse.models.payment import PaymentMeans, PaymentTerms
from drafthorse.models.tradelines import LineItem

from marketplace.platform.money import CENT
from tenders.contracts.invoicing.rules.invoice import CURRENCY, TYPE_CODES, Invoice, Line, Party, VatShare

GUIDELINE = "urn:cen.eu:en16931:2017"
BUSINESS_PROCESS = "S1"
"""French reform's framework of invoicing (BT-23): a supplier's invoice for services."""
SIREN_SCHEME = "0002"
ELECTRONIC_ADDRESS_SCHEME = "0225"
"""ISO 6523: the SIREN of a legal registration; the address in the French directory of approved platforms."""
CREDIT_TRANSFER = "58"
UNDEFINED_MEANS = "1"
VAT = "VAT"


def as_xml(invoice: Invoice) -> bytes:
    """The XML document, UTF-8, not validated: tests hold it against the schema, a signature of it never changes."""
    document = Document()
    document.context.business_parameter.id = BUSINESS_PROCESS
    document.context.guideline_parameter.id = GUIDELINE
    document.header.id = invoice.number
    document.header.type_code = TYPE_CODES[invoice.kind]
    document.header.issue_date_time = invoice.issued_on
    for code, sentence in invoice.mentions:
        note = IncludedNote()
        note.content, note.subject_code = sentence, code
        document.header.notes.add(note)
    for number, line in enumerate(invoice.lines, 1):
        document.trade.items.add(_line(number, line))
    _agreement(document.trade.agreement, invoice)
    if invoice.delivered_on is not None:
        document.trade.delivery.event.occurrence = invoice.delivered_on
    _settlement(document.trade.settlement, invoice)
    return bytes(document.serialize(schema=None))


def _agreement(agreement: Any, invoice: Invoice) -> None:
    _party(agreement.seller, invoice.issuer)
    _party(agreement.buyer, invoice.buyer)
    if invoice.purchase_order_reference:
        agreement.buyer_order.issuer_assigned_id = invoice.purchase_order_reference
    if invoice.contract_reference:
        agreement.contract.issuer_assigned_id = invoice.contract_reference


def _party(target: Any, party: Party) -> None:
    target.name = party.name
    if party.siren:
        target.legal_organization.id = (SIREN_SCHEME, party.siren)
        target.electronic_address.uri_ID = (ELECTRONIC_ADDRESS_SCHEME, party.siren)
    lines = (*party.address.lines, "", "", "")
    target.address.postcode = party.address.postcode
    target.address.line_one = lines[0]
    if lines[1]:
        target.address.line_two = lines[1]
    if lines[2]:
        target.address.line_three = lines[2]
    target.address.city_name = party.address.town
    target.address.country_id = party.address.country
    if party.vat_number:
        registration = TaxRegistration()
        registration.id = ("VA", party.vat_number)
        target.tax_registrations.add(registration)


def _line(number: int, line: Line) -> LineItem:
    item = LineItem()
    item.document.line_id = str(number)
    item.product.name = line.name
    if line.description:
        item.product.description = line.description
    item.agreement.net.amount = _exact(line.unit_price, 4)
    item.delivery.billed_quantity = (_exact(line.quantity, 4), line.unit_code)
    item.settlement.trade_tax.type_code = VAT
    item.settlement.trade_tax.category_code = line.vat_category
    item.settlement.trade_tax.rate_applicable_percent = _percent(line.vat_rate)
    item.settlement.monetary_summation.total_amount = line.amount
    return item


def _settlement(settlement: Any, invoice: Invoice) -> None:
    totals = invoice.totals
    settlement.currency_code = CURRENCY
    settlement.payment_reference = invoice.number
    means = PaymentMeans()
    means.type_code = CREDIT_TRANSFER if invoice.iban else UNDEFINED_MEANS
    if invoice.iban:
        means.payee_account.iban = invoice.iban
    settlement.payment_means.add(means)
    for share in totals.breakdown:
        settlement.trade_tax.add(_tax(share))
    settlement.terms.add(_terms(invoice.due_on))
    summation = settlement.monetary_summation
    summation.line_total = totals.lines
    summation.charge_total = summation.allowance_total = Decimal("0.00")
    summation.tax_basis_total = totals.excl_vat
    summation.tax_total = (totals.vat, CURRENCY)
    summation.grand_total = totals.incl_vat
    summation.prepaid_total = Decimal("0.00")
    summation.due_amount = totals.due
    if invoice.corrects is not None:
        settlement.invoice_referenced_document.issuer_assigned_id = invoice.corrects.number
        settlement.invoice_referenced_document.issue_date_time = invoice.corrects.issued_on


def _tax(share: VatShare) -> ApplicableTradeTax:
    tax = ApplicableTradeTax()
    tax.calculated_amount = share.amount
    tax.type_code = VAT
    if share.reason:
        tax.exemption_reason = share.reason
    tax.basis_amount = share.basis
    tax.category_code = share.category
    tax.rate_applicable_percent = _percent(share.rate)
    return tax


def _terms(due_on: date) -> PaymentTerms:
    terms = PaymentTerms()
    terms.due = due_on
    return terms


def _percent(rate: Decimal) -> Decimal:
    return (rate * 100).quantize(CENT)


def _exact(value: Decimal, decimals: int) -> str:
    """A number without useless zeros, two decimals at least, `decimals` at most."""
    whole, _point, rest = f"{value:.{decimals}f}".partition(".")
    return f"{whole}.{rest[:2]}{rest[2:].rstrip('0')}"
