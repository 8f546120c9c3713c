"""An invoice as a person reads it: one PDF/A-3 file in French with the XML inside, in the order a reader wants it."""
from decimal import Decimal

from babel.dates import format_date
from babel.numbers import format_decimal
from facturx import generate_from_binary

from marketplace.platform.documents import Column, Sheet
from marketplace.platform.i18n import euros
from tenders.contracts.invoicing.factur_x.writing import as_xml
from tenders.contracts.invoicing.rules.invoice import Invoice, Party

TITLES = {"invoice": "Facture", "credit_note": "Avoir"}
COLUMNS = (
    Column("Désignation", 74), Column("Quantité", 22, True), Column("Prix unitaire HT", 28, True), Column("TVA", 16, True),
    Column("Montant HT", 34, True),
)  # fmt: skip
NO_BREAK = "\u00a0"


def as_pdf(invoice: Invoice, xml: bytes | None = None) -> bytes:
    """The Factur-X file: the page with its XML embedded (`xml`: already written by `as_xml`)."""
    xml = as_xml(invoice) if xml is None else xml
    title = f"{TITLES[invoice.kind]} {invoice.number}"
    metadata = {"author": invoice.issuer.name, "title": title, "subject": f"{title}, {invoice.issuer.name}",
                "keywords": "Factur-X"}  # fmt: skip
    pdf = generate_from_binary(
        _drawn(invoice), xml, flavor="factur-x", level="en16931", check_xsd=False, pdf_metadata=metadata, lang="fr-FR",
    )  # fmt: skip
    return bytes(pdf)


def _drawn(invoice: Invoice) -> bytes:
    title, issuer = TITLES[invoice.kind], invoice.issuer
    sheet = Sheet(
        f"{title} {invoice.number}", subject=f"{title} de {issuer.name}",
        foot=" · ".join(filter(None, [issuer.name, f"SIREN {issuer.siren}", issuer.vat_number and f"TVA {issuer.vat_number}"])),
    )  # fmt: skip
    sheet.heading(f"{title} {invoice.number}", 18)
    sheet.paragraph(_dates(invoice))
    if invoice.corrects is not None:
        corrected = invoice.corrects
        sheet.paragraph(f"Annule en totalité la facture {corrected.number} du {_day(corrected.issued_on)}.")
    if invoice.reason:
        sheet.paragraph(f"Objet : {invoice.reason}")
    sheet.ln(3)
    sheet.side_by_side(["Émetteur", *_party(issuer)], ["Client", *_party(invoice.buyer)])
    sheet.ln(3)
    for name, value in (("Bon de commande", invoice.purchase_order_reference), ("Marché", invoice.contract_reference)):
        if value:
            sheet.paragraph(f"{name} : {value}")
    sheet.ln(2)
    _amounts(sheet, invoice)
    sheet.heading("Paiement", 11)
    if invoice.kind == "invoice":
        sheet.paragraph(f"À payer au plus tard le {_day(invoice.due_on)}, par virement.")
        sheet.paragraph(f"IBAN : {_grouped(invoice.iban)}" if invoice.iban else "IBAN : voir le marché.")
    for _code, sentence in invoice.mentions:
        if sentence != invoice.reason:
            sheet.paragraph(sentence, size=8, grey=True)
    return sheet.written()


def _amounts(sheet: Sheet, invoice: Invoice) -> None:
    totals = invoice.totals
    sheet.rows(COLUMNS, [
        (
            f"{line.name}\n{line.description}" if line.description else line.name, _figures(line.quantity),
            _figures(line.unit_price, "#,##0.00##") + f"{NO_BREAK}€", _rate(line.vat_rate), _euros(line.amount),
        )
        for line in invoice.lines
    ])  # fmt: skip
    pairs = [("Total HT", _euros(totals.excl_vat))]
    for share in totals.breakdown:
        said = f"TVA {_rate(share.rate)} sur {_euros(share.basis)}"
        pairs.append((said, _euros(share.amount)))
        if share.reason:
            pairs.append((share.reason, ""))
    last = "Total TTC à payer" if invoice.kind == "invoice" else "Total TTC en votre faveur"
    sheet.pairs([*pairs, (last, _euros(totals.due))], indent=74, strong_last=True)


def _dates(invoice: Invoice) -> str:
    said = f"Émis{'e' if invoice.kind == 'invoice' else ''} le {_day(invoice.issued_on)}"
    if invoice.delivered_on is not None:
        said += f" · prestation acceptée le {_day(invoice.delivered_on)}"
    return said


def _party(party: Party) -> list[str]:
    """The lines of an address block; SIREN and VAT number of both are compulsory (art. 242 nonies A)."""
    lines = [party.name, *filter(None, party.address.lines), f"{party.address.postcode} {party.address.town}"]
    if party.address.country != "FR":
        lines.append(party.address.country)
    if party.siren:
        lines.append(f"SIREN {party.siren[:3]} {party.siren[3:6]} {party.siren[6:]}")
    if party.vat_number:
        lines.append(f"TVA {party.vat_number}")
    return lines


def _day(day: object) -> str:
    return format_date(day, "d MMMM y", locale="fr")  # type: ignore[arg-type]


def _figures(value: Decimal, pattern: str = "#,##0.####") -> str:
    return format_decimal(value, format=pattern, locale="fr")


def _euros(amount: Decimal) -> str:
    return euros(amount, cents=True, locale="fr")


def _rate(rate: Decimal) -> str:
    return f"{_figures(rate * 100, '#,##0.##')}{NO_BREAK}%"


def _grouped(iban: str) -> str:
    return " ".join(iban[start : start + 4] for start in range(0, len(iban), 4))
