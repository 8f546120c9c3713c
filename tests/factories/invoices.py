"""Invoices for tests, as values: a holder, a clinic, one line of an order, whole and valid."""
from datetime import date
from decimal import Decimal
from typing import Any

from tenders.contracts.invoicing.rules.invoice import Address, Invoice, Line, Party

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
