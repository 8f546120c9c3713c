"""Once a day our facts are compared with Stripe's: what Stripe knows for sure is taken over, every difference is reported."""
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from marketplace.accounts.models import Organisation
from marketplace.billing import applying
from marketplace.billing.gateway import Object, payment_is_on, stripe_gateway, to_cents
from marketplace.billing.models import FeeInvoice, ListingSubscription, Reconciliation, Refund, locked
from marketplace.billing.rules import OVER, difference
from marketplace.notifications.services import tell
from marketplace.platform import audit, clock
from marketplace.platform.database import transaction
from marketplace.platform.outbox import enqueue
from marketplace.platform.permissions import SYSTEM

RECONCILE = "billing.reconcile"
FROM_HOUR = 5
"""Paris hour after which a day's comparison is made."""
WINDOW = timedelta(days=60)
"""How far back invoices and refunds are compared; open ones are, whatever their age."""


@dataclass(frozen=True)
class Difference:
    """One fact on which the two books do not agree; `taken_over` when ours now says what Stripe says."""

    kind: str
    ours_id: str
    stripe_id: str
    fact: str
    ours: str
    theirs: str
    taken_over: bool = False


@dataclass(frozen=True)
class Theirs:
    """What Stripe holds, read outside any transaction."""

    invoices: list[Object]
    subscriptions: list[Object]
    refunds: list[Object]


def start_reconciliation(now: datetime) -> int:
    """Check of the scheduler: have today's comparison made, once a Paris day; 1 when it was started."""
    if not payment_is_on() or clock.paris(now).hour < FROM_HOUR:
        return 0
    day = clock.paris(now).date()
    with transaction() as session:
        row = insert(Reconciliation).values(day=day, started_at=now)
        is_new = session.execute(row.on_conflict_do_nothing().returning(Reconciliation.day)).first() is not None
        if is_new:
            enqueue(session, RECONCILE, {"day": day}, dedupe_key=f"{RECONCILE}:{day}")
    return int(is_new)


def reconcile(payload: dict[str, Any]) -> None:
    """Outbox handler: compare, look at every difference a second time, report what remains. Repeatable."""
    day = date.fromisoformat(payload["day"])
    gateway, now = stripe_gateway(), clock.now()
    since = now - WINDOW
    theirs = Theirs(list(gateway.invoices_since(since)), list(gateway.subscriptions()), list(gateway.refunds_since(since)))
    theirs = _with_older(theirs, since)
    with transaction() as session:
        doubtful = {each.stripe_id for each in compare(session, theirs, since)}
    # What changed while the lists were read is no difference: the doubtful are read again, one by one.
    again = [gateway.get_invoice(each["id"]) if each["id"] in doubtful else each for each in theirs.invoices]
    as_of = datetime.fromtimestamp(int(clock.now().timestamp()), UTC)
    running = [gateway.get_subscription(each["id"]) if each["id"] in doubtful else each for each in theirs.subscriptions]
    theirs = Theirs(again, running, theirs.refunds)
    with transaction() as session:
        found = [_take_over(session, theirs, each, as_of) for each in compare(session, theirs, since)]
        row = locked(session, Reconciliation, day)
        row.ended_at, row.differences = clock.now(), [asdict(each) for each in found]
        row.compared = len(theirs.invoices) + len(theirs.subscriptions) + len(theirs.refunds)
        audit.record(
            session, SYSTEM, "billing.reconciled", "reconciliation", day.isoformat(),
            after={"compared": row.compared, "differences": len(found)},
        )  # fmt: skip
        if found:
            operators = list(session.scalars(select(Organisation.id).where(Organisation.kind == "platform")))
            values = {"day": day, "count": len(found)}
            tell(session, template="reconciliation_differs", values=values, organisation_ids=operators)


def _with_older(theirs: Theirs, since: datetime) -> Theirs:
    """Also the invoices still open in our books, however old."""
    known = {each["id"] for each in theirs.invoices}
    with transaction() as session:
        older = list(session.scalars(
            select(FeeInvoice.stripe_id).where(
                FeeInvoice.gathered_at < since, FeeInvoice.stripe_id.is_not(None), FeeInvoice.paid_at.is_(None),
                FeeInvoice.voided_at.is_(None),
            )
        ))  # fmt: skip
    gateway = stripe_gateway()
    extra = [gateway.get_invoice(str(each)) for each in older if each not in known]
    return Theirs(theirs.invoices + extra, theirs.subscriptions, theirs.refunds)


def compare(session: Session, theirs: Theirs, since: datetime) -> list[Difference]:
    """Step: every fact on which our books and Stripe's do not agree."""
    return [
        *_compare_invoices(session, theirs.invoices, since),
        *_compare_subscriptions(session, theirs.subscriptions),
        *_compare_refunds(session, theirs.refunds, since),
    ]


def _compare_invoices(session: Session, invoices: Iterable[Object], since: datetime) -> list[Difference]:
    by_id: dict[str, list[Object]] = defaultdict(list)
    for each in invoices:
        if applying.own_id(each) is not None:
            by_id[str(applying.own_id(each))].append(each)
    rows = session.scalars(
        select(FeeInvoice).where(FeeInvoice.gathered_at >= since, FeeInvoice.requested_at.is_not(None)),
        execution_options={"populate_existing": True},
    )
    ours = {str(row.id): row for row in rows}
    extra = select(FeeInvoice).where(FeeInvoice.id.in_([each for each in by_id if each not in ours]))
    ours |= {str(row.id): row for row in session.scalars(extra)}
    found = []
    for key, row in ours.items():
        same = [each for each in by_id.get(key, []) if each["id"] == row.stripe_id]
        found += _differences("invoice", key, row.stripe_id, _our_invoice(row), _their_invoice(same[0]) if same else None)
    for key, objects in by_id.items():
        row_id = ours[key].stripe_id if key in ours else None
        found += [_only_there("invoice", key, each) for each in objects if each["id"] != row_id]
    return found


def _our_invoice(row: FeeInvoice) -> dict[str, Any]:
    open_or_draft = "open" if row.finalised_at else "draft"
    return {
        "status": "paid" if row.paid_at else "void" if row.voided_at else open_or_draft,
        "paid_how": row.paid_how, "cents": to_cents(row.amount_incl_vat) if row.finalised_at else None,
    }  # fmt: skip


def _their_invoice(found: Object) -> dict[str, Any]:
    paid_how = ("outside" if found["paid_out_of_band"] else "stripe") if found["status"] == "paid" else None
    return {
        "status": found["status"], "paid_how": paid_how, "cents": None if found["status"] == "draft" else found["total"],
    }  # fmt: skip


def _compare_subscriptions(session: Session, subscriptions: Iterable[Object]) -> list[Difference]:
    rows = session.scalars(select(ListingSubscription), execution_options={"populate_existing": True})
    ours = {row.stripe_id: row for row in rows}
    known = {each["id"]: each for each in subscriptions if applying.own_id(each) is not None or each["id"] in ours}
    found = []
    for stripe_id, row in ours.items():
        there = known.get(stripe_id)
        if row.ended_at is None or there is not None:
            theirs = {"status": there["status"]} if there else None
            found += _differences("subscription", str(row.id), stripe_id, {"status": row.stripe_status}, theirs)
    for stripe_id, each in known.items():
        if stripe_id not in ours and each["status"] not in OVER:
            found.append(_only_there("subscription", str(applying.own_id(each)), each))
    return found


def _compare_refunds(session: Session, refunds: Iterable[Object], since: datetime) -> list[Difference]:
    rows = list(session.scalars(
        select(Refund).where(Refund.decided_at >= since, Refund.stripe_id.is_not(None)),
        execution_options={"populate_existing": True},
    ))  # fmt: skip
    payments = set(session.scalars(select(FeeInvoice.payment_intent).where(FeeInvoice.payment_intent.is_not(None))))
    theirs = {each["id"]: each for each in refunds}
    found = []
    for row in rows:
        there = theirs.get(str(row.stripe_id))
        facts = {"cents": there["amount"], "failed": there["status"] in ("failed", "canceled")} if there else None
        ours = {"cents": to_cents(row.amount), "failed": row.failed_at is not None}
        found += _differences("refund", str(row.id), row.stripe_id, ours, facts)
    known = {row.stripe_id for row in rows}
    found += [
        _only_there("refund", "", each) for each in refunds if each["id"] not in known and each["payment_intent"] in payments
    ]
    return found


def _differences(
    kind: str, ours_id: str, stripe_id: str | None, ours: dict[str, Any], theirs: dict[str, Any] | None
) -> list[Difference]:
    if theirs is None:
        return [] if stripe_id is None else [Difference(kind, ours_id, stripe_id, "existence", "known", "missing")]
    return [
        Difference(kind, ours_id, stripe_id or "", fact, str(mine), str(other))
        for fact, (mine, other) in difference(ours, theirs).items()
    ]


def _only_there(kind: str, ours_id: str, found: Object) -> Difference:
    return Difference(kind, ours_id, found["id"], "existence", "unknown", str(found.get("status")))


def _take_over(session: Session, theirs: Theirs, found: Difference, as_of: datetime) -> Difference:
    """A webhook that never came: what Stripe says for sure becomes our fact; the difference is reported all the same."""
    outcome = applying.IGNORED
    for each in theirs.invoices:
        if found.kind == "invoice" and each["id"] == found.stripe_id:
            outcome = applying.apply_invoice(session, each)
    for each in theirs.subscriptions:
        if found.kind == "subscription" and each["id"] == found.stripe_id:
            outcome = applying.apply_subscription(session, each, as_of, asked=True)
    for each in theirs.refunds:
        if found.kind == "refund" and each["id"] == found.stripe_id:
            outcome = applying.apply_refund(session, each)
    return Difference(**{**asdict(found), "taken_over": outcome == applying.APPLIED})
