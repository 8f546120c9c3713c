"""Invoices for tests: whole and valid values, and certified orders between parties whose details are known."""
from datetime import date
from decimal import Decimal
from typing import Any

from marketplace.accounts.models import Organisation
from marketplace.accounts.queries import get_actor
from marketplace.platform.permissions import Actor
from tenders.contracts.invoicing.models import InvoicingDetails
from tenders.contracts.invoicing.rules.invoice import Address, Invoice, Line, Party
from tenders.contracts.ordering.models import CallOff
from tenders.contracts.ordering.services.answering import answer_call_off, declare_delivery
from tenders.contracts.ordering.services.certifying import certify_call_off
from tests.factories.accounts import user_in
from tests.factories.base import Factory, current_session
from tests.factories.contracts import ActiveContract, active_contract
from tests.factories.ordering import order

HOLDER = Party(
    "Bouclier Numérique SAS", "732829320", "FR44732829320", Address(("12 rue des Écoles", "Bâtiment B"), "69003", "Lyon")
)  # fmt: skip
CLINIC = Party("Clinique du Château", "552100554", "FR59552100554", Address(("3 avenue de l'Hôpital",), "75001", "Paris"))


def line(quantity: Any = 10800, price: str = "4.1000", rate: str = "0.20", **changes: Any) -> Line:
    """One line of a number of units × periods at a price in euros."""
    values = {"name": "Détection sur les postes", "unit_code": "C62", "description": "300 postes × 36 mois", **changes}
    return Line(quantity=Decimal(quantity), unit_price=Decimal(price), vat_rate=Decimal(rate), **values)


def invoice(*lines: Line, **changes: Any) -> Invoice:
    """A numbered invoice, 30 days to pay; `changes` replace what it says."""
    values = {
        "kind": "invoice", "issued_on": date(2026, 11, 25), "due_on": date(2026, 12, 25), "issuer": HOLDER, "buyer": CLINIC,
        "lines": lines or (line(),), "number": "GR-2026-000012", "delivered_on": date(2026, 11, 20),
        "purchase_order_reference": "BC-2026-118", "contract_reference": "M-2026-001", "iban": "FR7630006000011234567890189",
        **changes,
    }  # fmt: skip
    return Invoice(**values)


class InvoicingDetailsFactory(Factory):
    """An address, an IBAN and thirty days; give organisation_id."""

    class Meta:
        model = InvoicingDetails

    address_lines = ("1 rue de l'Essai",)
    postcode = "69001"
    town = "Lyon"
    iban = "FR7630006000011234567890189"

    @classmethod
    def _adjust_kwargs(cls, **kwargs: Any) -> dict[str, Any]:
        return {**kwargs, "address_lines": list(kwargs["address_lines"])}


def siren_of(number: int) -> str:
    """A fictitious SIREN with a valid check digit."""
    stem = f"{90000000 + number:08d}"
    total = sum(sum(divmod(int(digit) * (2 if place % 2 else 1), 10)) for place, digit in enumerate(stem))
    return f"{stem}{-total % 10}"


def known_party(organisation_id: Any, number: int) -> Organisation:
    """An organisation with a SIREN, a VAT number and its invoicing details."""
    session = current_session()
    organisation = session.get_one(Organisation, organisation_id)
    organisation.siren = siren_of(number)
    organisation.vat_number = f"FR{(12 + 3 * (int(organisation.siren) % 97)) % 97:02d}{organisation.siren}"
    session.commit()
    InvoicingDetailsFactory(organisation_id=organisation.id)
    return organisation


def invoiced_contract(quantities: tuple[int, ...] = (600, 400), **columns: Any) -> ActiveContract:
    """An activated contract whose holder and members can invoice and be invoiced."""
    running = active_contract(quantities, **columns)
    assert running.provider is not None
    known_party(running.provider.organisation_id, 1)
    for number, (site, _actor) in enumerate(running.members, 2):
        known_party(site.organisation_id, number)
    return running


def certified_order(
    running: ActiveContract, quantity: int = 100, place: int = 0, accepted: int | None = None, **facts: Any
) -> CallOff:
    """An order of a member, accepted, delivered and certified."""
    site, actor = running.members[place]
    placed = order(site, actor, running.lot.id, quantity, **facts)
    took = quantity if accepted is None else accepted
    answer_call_off(running.holder, placed.id, took, None if took == quantity else "Stock")
    declare_delivery(running.holder, placed.id)
    return certify_call_off(actor, placed.id)


def somebody_of(organisation_id: Any, *roles: str) -> Actor:
    """Somebody else of an organisation, with these roles."""
    session = current_session()
    user = user_in(session.get_one(Organisation, organisation_id), roles)
    return get_actor(session, user.id)
