"""What a supplier's own invoice differs by from the call-off it names: quantity, price, VAT and totals, line by line."""
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from marketplace.platform.errors import N_, Sentence
from marketplace.platform.money import CENT, round_cents

FIELDS = (
    "quantity", "unit_price", "amount", "vat_rate", "total_excl_vat", "total_vat", "total_incl_vat", "currency", "parties",
)  # fmt: skip


@dataclass(frozen=True)
class Received:
    """A supplier's invoice as read: its lines (quantity, price, net amount, rate) and what it says they add up to."""

    number: str
    lines: tuple["ReceivedLine", ...]
    excl_vat: Decimal
    vat: Decimal
    incl_vat: Decimal
    currency: str
    purchase_order_reference: str
    seller_siren: str
    buyer_siren: str


@dataclass(frozen=True)
class ReceivedLine:
    """One line as read; `vat_rate` is a fraction."""

    name: str
    quantity: Decimal
    unit_price: Decimal
    amount: Decimal
    vat_rate: Decimal


@dataclass(frozen=True)
class Ordered:
    """What the call-off says: units × periods at a price, its rate, and who sells to whom."""

    quantity: Decimal
    periods: int
    unit_price: Decimal
    amount: Decimal
    vat_rate: Decimal
    seller_siren: str
    buyer_siren: str


@dataclass(frozen=True)
class Difference:
    """One thing that is not as ordered. `line` counts from 1, 0 is the whole invoice."""

    field: str
    line: int
    ordered: str
    invoiced: str
    sentence: Sentence


def differences(received: Received, ordered: Ordered) -> tuple[Difference, ...]:
    """Everything that differs, most telling first; none when the invoice says what was ordered.

    Quantities may be counted in units or in units × periods as long as the line's amount is right; the sum of the lines is
    compared, so that an order invoiced in several lines is not a difference by itself.
    """
    found = [*_lines(received.lines, ordered), *_sums(received, ordered), *_arithmetic(received)]
    if received.currency != "EUR":
        said = Sentence("invoice_in_other_currency", N_("La facture est en {currency} ; la commande est en euros."),
                        {"currency": received.currency})  # fmt: skip
        found.append(Difference("currency", 0, "EUR", received.currency, said))
    for theirs, ours, who in (
        (received.seller_siren, ordered.seller_siren, N_("vendeur")), (received.buyer_siren, ordered.buyer_siren, N_("client"))
    ):  # fmt: skip
        if theirs and ours and theirs != ours:
            said = Sentence(
                "invoice_of_other_party", N_("Le SIREN du {who} est {theirs} ; la commande porte {ours}."),
                {"who": Sentence("party", who), "theirs": theirs, "ours": ours},
            )  # fmt: skip
            found.append(Difference("parties", 0, ours, theirs, said))
    return tuple(found)


def _lines(lines: Sequence[ReceivedLine], ordered: Ordered) -> list[Difference]:
    found = []
    for number, line in enumerate(lines, 1):
        if line.unit_price not in (ordered.unit_price, ordered.unit_price * ordered.periods):
            said = N_("Ligne {line} : prix unitaire de {invoiced} €, {ordered} € au marché.")
            found.append(_difference("unit_price", number, ordered.unit_price, line.unit_price, said))
        if line.vat_rate != ordered.vat_rate:
            said = N_("Ligne {line} : TVA à {invoiced} %, {ordered} % à la commande.")
            found.append(_difference("vat_rate", number, ordered.vat_rate * 100, line.vat_rate * 100, said))
        if round_cents(line.quantity * line.unit_price) != line.amount:
            said = N_("Ligne {line} : {invoiced} € annoncés ; quantité × prix font {ordered} €.")
            found.append(_difference("amount", number, round_cents(line.quantity * line.unit_price), line.amount, said))
    quantity = sum((line.quantity for line in lines), Decimal(0))
    if quantity not in (ordered.quantity, ordered.quantity * ordered.periods):
        said = N_("Quantité facturée : {invoiced} ; quantité reçue : {ordered}.")
        found.append(_difference("quantity", 0, ordered.quantity * ordered.periods, quantity, said))
    return found


def _sums(received: Received, ordered: Ordered) -> list[Difference]:
    vat = round_cents(ordered.amount * ordered.vat_rate)
    whole = N_("Total TTC : {invoiced} € facturés, {ordered} € attendus.")
    wanted = (
        ("total_excl_vat", ordered.amount, received.excl_vat, N_("Total HT : {invoiced} € facturés, {ordered} € commandés.")),
        ("total_vat", vat, received.vat, N_("TVA : {invoiced} € facturés, {ordered} € attendus.")),
        ("total_incl_vat", ordered.amount + vat, received.incl_vat, whole),
    )
    return [_difference(name, 0, ours, theirs, said) for name, ours, theirs, said in wanted if ours != theirs]


def _arithmetic(received: Received) -> list[Difference]:
    """The invoice against itself: its lines and its own totals (BR-CO-10, BR-CO-15)."""
    found = []
    lines = sum((line.amount for line in received.lines), Decimal(0)).quantize(CENT)
    if lines != received.excl_vat:
        said = N_("Les lignes font {ordered} € ; la facture annonce {invoiced} € HT.")
        found.append(_difference("total_excl_vat", 0, lines, received.excl_vat, said))
    if received.excl_vat + received.vat != received.incl_vat:
        said = N_("HT et TVA font {ordered} € ; la facture annonce {invoiced} € TTC.")
        found.append(_difference("total_incl_vat", 0, received.excl_vat + received.vat, received.incl_vat, said))
    return found


def _difference(field: str, line: int, ordered: Decimal, invoiced: Decimal, said: str) -> Difference:
    values = {"line": line, "ordered": _plain(ordered), "invoiced": _plain(invoiced)}
    return Difference(field, line, f"{_plain(ordered):f}", f"{_plain(invoiced):f}", Sentence("invoice_differs", said, values))


def _plain(value: Decimal) -> Decimal:
    """Without zeros that say nothing: 20.0 is 20, 4.1000 is 4.10."""
    short = value.normalize()
    if short == short.to_integral_value():
        return short.quantize(Decimal(1))
    return short if int(short.as_tuple().exponent) < -2 else short.quantize(CENT)
