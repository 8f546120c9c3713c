"""What is to be invoiced, as documents without a number: a certified call-off, or a member's part of a shortfall."""
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from sqlalchemy.orm import Session

from marketplace.accounts.models import Organisation
from marketplace.categories.units import unit_word
from marketplace.platform import clock
from tenders.contracts.invoicing.models import InvoicingDetails
from tenders.contracts.invoicing.queries import details_of, party_of
from tenders.contracts.invoicing.rules.invoice import Invoice, Line, unit_code, vat_category
from tenders.contracts.invoicing.rules.issuing import PAYMENT_DAYS
from tenders.contracts.invoicing.rules.mentions import drawn_by, of_periods, shortfall_line
from tenders.contracts.models import Contract
from tenders.contracts.ordering.models import CallOff
from tenders.contracts.ordering.notices import reference_of
from tenders.contracts.queries import seller_of
from tenders.contracts.settlement.models import SettlementShare


@dataclass(frozen=True)
class Parties:
    """Who sells to whom, with what their invoices say of them."""

    issuer: Organisation
    buyer: Organisation
    issuer_details: InvoicingDetails | None
    buyer_details: InvoicingDetails | None

    @property
    def payment_days(self) -> int:
        """Days the buyer has to pay."""
        return PAYMENT_DAYS if self.issuer_details is None else self.issuer_details.payment_days

    @property
    def mandated_on(self) -> date | None:
        """The day the issuer gave the platform a mandate, None without one."""
        details = self.issuer_details
        return None if details is None or details.mandated_at is None else clock.paris(details.mandated_at).date()


def parties(session: Session, contract: Contract, buyer_id: UUID) -> Parties:
    """Step: seller and buyer of a contract's orders."""
    seller_id = seller_of(contract)
    details = details_of(session, [seller_id, buyer_id])
    return Parties(
        session.get_one(Organisation, seller_id), session.get_one(Organisation, buyer_id),
        details.get(seller_id), details.get(buyer_id),
    )  # fmt: skip


def of_call_off(order: CallOff, between: Parties, *, under_mandate: bool) -> Invoice:
    """The invoice of what was accepted of a call-off: units × periods at its price."""
    quantity = order.accepted_quantity or 0
    line = Line(
        order.contract.title, Decimal(quantity * order.periods), unit_code(order.unit), order.unit_price, order.vat_rate,
        vat_category(order.vat_rate),
        of_periods(quantity, unit_word(order.unit, quantity), order.periods, order.price_period, order.establishment.name),
    )  # fmt: skip
    certified_on = None if order.certified_at is None else clock.paris(order.certified_at).date()
    return _document(
        order.contract, between, [line], under_mandate=under_mandate, delivered_on=order.delivered_on or certified_on,
        order=order.purchase_order_reference or reference_of(order),
    )  # fmt: skip


def of_shortfall(
    contract: Contract, shares: Sequence[SettlementShare], vat_rate: Decimal, between: Parties, *, under_mandate: bool
) -> Invoice:
    """The invoice of what lacks to the minimum, one line for each establishment of the buyer that owes something.

    The amount due for units guaranteed and not taken pays for the provider's being there: VAT applies as to the service
    (CJEU, 22 November 2018, C-295/17, MEO). A line's price is its amount, so that the cents of the statement stand.
    """
    lines = [
        Line(
            contract.title, Decimal(1), unit_code(""), share.amount, vat_rate, vat_category(vat_rate),
            shortfall_line(share.owed, unit_word(contract.unit, share.owed), share.establishment.name),
        )
        for share in shares
    ]  # fmt: skip
    return _document(contract, between, lines, under_mandate=under_mandate, delivered_on=contract.ends_on, order="")


def _document(
    contract: Contract, between: Parties, lines: Sequence[Line], *, under_mandate: bool, delivered_on: date | None, order: str
) -> Invoice:
    details, today = between.issuer_details, clock.today()
    return Invoice(
        "invoice", today, today, party_of(between.issuer, details), party_of(between.buyer, between.buyer_details),
        tuple(lines), delivered_on=delivered_on, purchase_order_reference=order, contract_reference=contract.reference,
        iban="" if details is None else details.iban, late_rate="" if details is None else details.late_rate,
        drawn_by=drawn_by(between.issuer.name, between.mandated_on if under_mandate else None),
    )  # fmt: skip
