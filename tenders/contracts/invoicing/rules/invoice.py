"""What an invoice is: parties, lines and references as plain values, and totals by the rules of EN 16931.

Amounts are euros; quantities are what is invoiced (units × periods); rates are fractions (0.20). A credit note carries
positive amounts too: its kind says which way they go (EN 16931, type code 381).
"""
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from marketplace.platform.errors import RuleBroken
from marketplace.platform.money import CENT, round_cents
from tenders.contracts.invoicing.rules.mentions import EXEMPTIONS, legal_mentions

KINDS = ("invoice", "credit_note")
TYPE_CODES = {"invoice": "380", "credit_note": "381"}
"""UNTDID 1001: commercial invoice, credit note."""
CURRENCY = "EUR"
VAT_CATEGORIES = ("S", "E", "AE")
"""UNCL 5305: standard rate, exempt, reverse charge."""
UNIT_CODES = {"day": "DAY", "tb": "E35"}
"""UN/ECE recommendation 20 by unit of work; whatever is simply counted is C62, "one"."""
COUNTED = "C62"


@dataclass(frozen=True)
class Address:
    """Where a party is: one to three lines, postcode, town, ISO 3166-1 country."""

    lines: tuple[str, ...]
    postcode: str
    town: str
    country: str = "FR"


@dataclass(frozen=True)
class Party:
    """A legal person on an invoice. `siren` for a French one, `vat_number` when it is liable to VAT."""

    name: str
    siren: str | None
    vat_number: str | None
    address: Address


@dataclass(frozen=True)
class Line:
    """One line: `quantity` × `unit_price`, to the cent, half-up."""

    name: str
    quantity: Decimal
    unit_code: str
    unit_price: Decimal
    vat_rate: Decimal
    vat_category: str = "S"
    description: str = ""

    @property
    def amount(self) -> Decimal:
        """The line's net amount (BT-131)."""
        return round_cents(self.quantity * self.unit_price)


@dataclass(frozen=True)
class VatShare:
    """One row of the VAT breakdown (BG-23): the lines of one category and rate."""

    category: str
    rate: Decimal
    basis: Decimal
    amount: Decimal
    reason: str = ""


@dataclass(frozen=True)
class Totals:
    """What the lines add up to (BG-22)."""

    lines: Decimal
    excl_vat: Decimal
    vat: Decimal
    incl_vat: Decimal
    due: Decimal
    breakdown: tuple[VatShare, ...]


@dataclass(frozen=True)
class Corrected:
    """The invoice that a credit note takes back (BG-3)."""

    number: str
    issued_on: date


@dataclass(frozen=True)
class Invoice:
    """An invoice or a credit note as it is issued; `number` is empty until the series gives one."""

    kind: str
    issued_on: date
    due_on: date
    issuer: Party
    buyer: Party
    lines: tuple[Line, ...]
    number: str = ""
    delivered_on: date | None = None
    purchase_order_reference: str = ""
    contract_reference: str = ""
    corrects: Corrected | None = None
    iban: str = ""
    drawn_by: str = ""
    late_rate: str = ""
    reason: str = ""

    @property
    def mentions(self) -> tuple[tuple[str, str], ...]:
        """What the law wants written, with the subject codes of the format."""
        return legal_mentions(self.late_rate, self.drawn_by, self.reason)

    @property
    def totals(self) -> Totals:
        """The totals of its lines."""
        return totals_of(self.lines)


def unit_code(unit: str) -> str:
    """The UN/ECE rec 20 code of a unit of work."""
    return UNIT_CODES.get(unit, COUNTED)


def totals_of(lines: Iterable[Line]) -> Totals:
    """Totals by EN 16931: VAT is computed per category and rate on the sum of its lines, never line by line.

    BR-CO-10, 13, 14, 15, 16 and 17; nothing is prepaid and there are neither allowances nor charges.
    """
    bases: dict[tuple[str, Decimal], Decimal] = {}
    for line in lines:
        key = (line.vat_category, line.vat_rate)
        bases[key] = bases.get(key, Decimal(0)) + line.amount
    breakdown = tuple(
        VatShare(category, rate, basis.quantize(CENT), round_cents(basis * rate), EXEMPTIONS.get(category, ""))
        for (category, rate), basis in sorted(bases.items())
    )
    net = sum((share.basis for share in breakdown), Decimal(0)).quantize(CENT)
    vat = sum((share.amount for share in breakdown), Decimal(0)).quantize(CENT)
    return Totals(net, net, vat, net + vat, net + vat, breakdown)


def vat_category(rate: Decimal) -> str:
    """The category of a rate: a rate of nothing is the small firms' exemption (art. 293 B CGI)."""
    return "S" if rate > 0 else "E"


def check_complete(invoice: Invoice) -> None:
    """Refuse an invoice without its compulsory mentions (CGI, ann. II, art. 242 nonies A; C. com., art. L441-9).

    RuleBroken `invoice_issuer_incomplete` or `invoice_buyer_incomplete`: the party's details are to be completed first.
    """
    if not invoice.issuer.siren or not _is_addressed(invoice.issuer) or not _says_its_vat(invoice):
        raise RuleBroken(
            "invoice_issuer_incomplete",
            "Il manque à {name}, qui émet la facture, son SIREN, son adresse ou son numéro de TVA : complétez « Coordonnées "
            "de facturation », puis recommencez.",
            name=invoice.issuer.name,
        )
    if not invoice.buyer.siren or not _is_addressed(invoice.buyer):
        raise RuleBroken(
            "invoice_buyer_incomplete",
            "Il manque au client, {name}, son SIREN ou son adresse : demandez-lui de compléter « Coordonnées de "
            "facturation ». Les deux sont obligatoires sur une facture.",
            name=invoice.buyer.name,
        )
    if not invoice.lines or any(line.quantity <= 0 or line.unit_price < 0 for line in invoice.lines):
        raise RuleBroken(
            "invoice_without_amount", "Cette facture n'a rien à facturer : vérifiez la quantité acceptée et le prix."
        )


def _is_addressed(party: Party) -> bool:
    return bool(party.name.strip() and any(party.address.lines) and party.address.postcode and party.address.town)


def _says_its_vat(invoice: Invoice) -> bool:
    """A VAT number is compulsory on an invoice with VAT (art. 242 nonies A, I 2°)."""
    return bool(invoice.issuer.vat_number) or all(line.vat_category == "E" for line in invoice.lines)


def credit_of(invoice: Invoice, issued_on: date, reason: str) -> Invoice:
    """The credit note that takes an invoice back whole; what was right is invoiced again afterwards."""
    return Invoice(
        "credit_note", issued_on, issued_on, invoice.issuer, invoice.buyer, invoice.lines,
        delivered_on=invoice.delivered_on, purchase_order_reference=invoice.purchase_order_reference,
        contract_reference=invoice.contract_reference, corrects=Corrected(invoice.number, invoice.issued_on),
        iban=invoice.iban, drawn_by=invoice.drawn_by, late_rate=invoice.late_rate, reason=reason,
    )  # fmt: skip
