"""Where an invoice stands, and which act is still possible on it or on what it is for."""
from datetime import date

from marketplace.platform.errors import RuleBroken


def status_of(kind: str, due_on: date, today: date, *, paid: bool, credited: bool) -> str:
    """credit (a credit note), credited, paid, overdue or issued; derived, never stored."""
    if kind == "credit_note":
        return "credit"
    if credited:
        return "credited"
    if paid:
        return "paid"
    return "overdue" if due_on < today else "issued"


def check_can_invoice(*, certified: bool, number: str | None, supplier_number: str | None) -> None:
    """Refuse to invoice a call-off before its service is certified, or twice."""
    if not certified:
        raise RuleBroken(
            "call_off_not_certified",
            "Le service fait n'est pas certifié : la facture se fait une fois que l'établissement l'a constaté.",
        )
    if number is not None or supplier_number is not None:
        raise RuleBroken(
            "already_invoiced",
            "Déjà facturé : {number}. Pour corriger, faites d'abord un avoir de cette facture.",
            number=number or supplier_number,
        )


def check_can_invoice_shortfall(*, owed: int, number: str | None) -> None:
    """Refuse to invoice a shortfall that nobody owes, or twice."""
    if owed <= 0:
        raise RuleBroken("nothing_owed", "Ce membre ne doit rien au titre du décompte : il n'y a rien à facturer.")
    check_can_invoice(certified=True, number=number, supplier_number=None)


def check_can_credit(status: str, reason: str) -> None:
    """A credit note takes back an invoice once, with its reason; a paid one is to be paid back, so that it says so."""
    if status in ("credit", "credited"):
        raise RuleBroken("invoice_credited", "Cette facture est déjà annulée par un avoir, ou c'est un avoir.")
    if not reason.strip():
        raise RuleBroken("credit_without_reason", "Écrivez pourquoi : l'avoir le dit au client.", field="reason")


def check_can_pay(status: str, paid_on: date, issued_on: date, today: date) -> None:
    """A payment is recorded once, of a standing invoice, on a day between its issue and today."""
    if status not in ("issued", "overdue"):
        raise RuleBroken("invoice_not_payable", "Cette facture est déjà payée ou annulée : il n'y a rien à encaisser.")
    if not issued_on <= paid_on <= today:
        raise RuleBroken(
            "payment_day_wrong", "Donnez un jour de paiement entre le {issued_on} et aujourd'hui.",
            field="paid_on", issued_on=issued_on,
        )  # fmt: skip
