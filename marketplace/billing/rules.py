"""What is gathered when, what VAT it bears, when it may be debited, and whom the directory shows."""
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from marketplace.billing.words import DAYS_OF_NOTICE
from marketplace.platform.errors import N_, RuleBroken
from marketplace.platform.money import round_cents


@dataclass(frozen=True)
class Totals:
    """An invoice's sums in euros: excluding VAT, and VAT by rate."""

    excl_vat: Decimal
    vat_by_rate: Mapping[Decimal, Decimal]

    @property
    def vat(self) -> Decimal:
        """All VAT."""
        return sum(self.vat_by_rate.values(), Decimal(0))

    @property
    def incl_vat(self) -> Decimal:
        """What is to be paid."""
        return self.excl_vat + self.vat


def totals(lines: Iterable[tuple[Decimal, Decimal]]) -> Totals:
    """Sums of (amount excluding VAT, rate) pairs; VAT is rounded once per rate, as on a French invoice."""
    by_rate: dict[Decimal, Decimal] = defaultdict(Decimal)
    for amount, rate in lines:
        by_rate[rate] += amount
    vat = {rate: round_cents(amount * rate) for rate, amount in sorted(by_rate.items()) if rate}
    return Totals(sum(by_rate.values(), Decimal(0)), vat)


def gathered_from(gathering: str, due_on: date) -> date:
    """The day from which a charge may stand on an invoice: when due, or on the first of the month after."""
    if gathering == "at_once":
        return due_on
    return (due_on.replace(day=1) + timedelta(days=32)).replace(day=1)


def charge_day(method: str, due_on: date, announced_on: date) -> date:
    """The first day on which an announced payment may be taken: a direct debit leaves its payer fourteen days."""
    notice = DAYS_OF_NOTICE if method == "sepa_debit" else 0
    return max(due_on, announced_on + timedelta(days=notice))


def hidden_from(unpaid_since: datetime, grace_days: int) -> datetime:
    """When a listing that stays unpaid leaves the directory."""
    return unpaid_since + timedelta(days=grace_days)


@dataclass(frozen=True)
class PlanTerm:
    """A provider's time on a paid plan, as dates; `hidden_from` is set while something is unpaid."""

    started_at: datetime
    hidden_from: datetime | None = None
    ended_at: datetime | None = None


def listing_visible(terms: Sequence[PlanTerm], free_until: date | None, at: datetime, today: date) -> bool:
    """Whether the directory shows a provider at a moment (`today` is its Paris day).

    What stays unpaid beyond its grace period hides, even after the plan ended, until it is paid. Otherwise a running
    plan shows, and the free plan shows whoever has none, up to and including `free_until` (None: for good).
    `billing.listing.visible_sql` says the same in SQL. Consultations, bids and contracts never ask.
    """
    if any(term.hidden_from is not None and term.hidden_from <= at for term in terms):
        return False
    running = any(term.started_at <= at and (term.ended_at is None or at < term.ended_at) for term in terms)
    return running or free_until is None or today <= free_until


@dataclass(frozen=True)
class Known:
    """What we hold of a subscription: since when it is unpaid, and the moment our facts describe."""

    as_of: datetime
    unpaid_since: datetime | None = None


PAID_UP = ("active", "trialing")
OWING = ("past_due", "unpaid", "incomplete", "paused")
OVER = ("canceled", "incomplete_expired")


def is_news(known: Known | None, as_of: datetime) -> bool:
    """Whether a snapshot of a subscription is younger than what we hold; events come in any order."""
    return known is None or as_of > known.as_of


def unpaid_after(known: Known | None, status: str, as_of: datetime) -> datetime | None:
    """Since when something is owed, once Stripe says this status: the first day counts, and an end settles nothing."""
    if status in PAID_UP or status == "incomplete_expired":
        return None
    before = known.unpaid_since if known is not None else None
    if status in OWING:
        return before or as_of
    return before


@dataclass(frozen=True)
class InvoiceNews:
    """What Stripe says of an invoice, as far as it is a fact that never goes back."""

    paid_at: datetime | None
    paid_outside: bool
    voided_at: datetime | None
    failure: str | None


def difference(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """The facts on which two descriptions of one thing do not agree: name → (ours, theirs)."""
    return {name: (ours[name], theirs.get(name)) for name in ours if ours[name] != theirs.get(name)}


def check_refund(paid: bool, paid_how: str | None, amount: Decimal, left: Decimal) -> None:
    """RuleBroken unless this much (euros including VAT) may be given back on an invoice through Stripe."""
    if not paid or paid_how != "stripe":
        raise RuleBroken(
            "refund_needs_payment",
            N_("Rien à rembourser par Stripe : cette facture n'y a pas été payée. Remboursez par virement."),
            field="amount",
        )
    if amount <= 0 or amount > left:
        raise RuleBroken(
            "refund_too_large",
            N_("Remboursez de 0,01 € à {left} € : c'est ce qui a été payé et pas encore rendu."),
            field="amount", left=left,
        )  # fmt: skip


def check_settled_outside(paid: bool, in_progress: bool) -> None:
    """RuleBroken when an invoice cannot be noted as paid by transfer: it would be paid twice."""
    if paid:
        raise RuleBroken("fee_already_paid", N_("Cette facture est déjà payée : il n'y a rien à noter."))
    if in_progress:
        raise RuleBroken(
            "fee_payment_under_way",
            N_(
                "Un paiement est en cours sur cette facture : attendez sa réponse (jusqu'à 14 jours ouvrés pour un "
                "prélèvement), sinon elle serait payée deux fois."
            ),
        )


def check_plan_choice(*, is_paid: bool, retired: bool, current: str | None, wanted: str) -> None:
    """RuleBroken when a provider cannot go to this plan."""
    if not is_paid or retired:
        raise RuleBroken("plan_not_offered", N_("Cette formule n'est pas proposée : choisissez parmi celles de la page."))
    if current == wanted:
        raise RuleBroken("plan_is_current", N_("C'est déjà votre formule : rien ne change."))
