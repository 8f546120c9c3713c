"""The demo's running contract as it is used: orders in every main state, invoices, fees due and paid, a revised price."""
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

from sqlalchemy import select

from marketplace.accounts.models import Organisation
from marketplace.billing.gathering import gather_due_charges
from marketplace.billing.models import FeeInvoice
from marketplace.billing.services import choose_gathering, note_paid_outside
from marketplace.platform import clock
from marketplace.platform.database import transaction
from marketplace.platform.permissions import Actor
from tenders.contracts.indexation.services import enter_index, revise
from tenders.contracts.invoicing.services.details import describe_invoicing
from tenders.contracts.invoicing.services.drawing import credit_invoice, draw_call_off_invoice
from tenders.contracts.invoicing.services.paying import record_payment
from tenders.contracts.ordering.services.answering import answer_call_off, declare_delivery
from tenders.contracts.ordering.services.certifying import certify_call_off, dispute_call_off
from tenders.contracts.ordering.services.placing import place_call_offs
from tenders.contracts.ordering.steps import Ask
from tenders.demo.contracting import INDEX, DaysAgo, Running, adhere_with, amend
from tenders.demo.pooling import Pooling
from tenders.demo.sites import Site, siren_of

IBAN = "FR7630006000011234567890189"
"""The example of the French banks' own documentation: no account."""
AMENDED, REVISED, NEWEST_INVOICE = 12, 6, 9
"""Days ago."""


@dataclass(frozen=True)
class OrderPlan:
    """An order of audit days: by which member, how many, and how many days ago each thing happened (None: not yet)."""

    member: int
    quantity: int
    placed: int
    answered: int | None = None
    accepted: int | None = None
    reason: str | None = None
    delivered: int | None = None
    certified: int | None = None
    disputed: int | None = None
    invoiced: int | None = None
    credited: int | None = None
    paid: int | None = None


ORDERS = (
    OrderPlan(0, 12, 36, 35, delivered=30, certified=28, invoiced=27, paid=12),
    OrderPlan(1, 10, 34, 33, delivered=26, certified=24, invoiced=23),
    OrderPlan(2, 8, 30, 29, delivered=20, certified=18, invoiced=16, credited=14),
    OrderPlan(6, 9, 29, 27, delivered=19, certified=17, invoiced=13, paid=NEWEST_INVOICE),
    OrderPlan(3, 9, 14, 12, accepted=6, reason="Trois jours en janvier seulement, faute d'auditeurs."),
    OrderPlan(4, 7, 11, 10, delivered=2),
    OrderPlan(5, 6, 13, 11, delivered=5, disputed=3, reason="Le rapport de test d'intrusion manque."),
    OrderPlan(2, 4, 9, 8, accepted=0, reason="Pas d'auditeur disponible sur ce site avant mars."),
    OrderPlan(0, 8, 4),
    OrderPlan(1, 5, 3, 2),
)
"""Member: place among those who committed. Oldest first, so that invoices are numbered in the order of their days."""


@dataclass(frozen=True)
class _Acting:
    running: Running
    pooling: Pooling
    holder: Actor
    centre: Actor


def run_orders(days_ago: DaysAgo, running: Running, pooling: Pooling, centre: Actor, holder: Organisation) -> None:
    """Everything that happened on the contract since it was activated, day after day, by the use cases themselves."""
    acting = _Acting(running, pooling, pooling.actor_of(holder.id), centre)
    with days_ago(ORDERS[0].placed + 1):
        choose_gathering(centre, running.centre_id, "at_once")
        _describe(acting, holder)
    placed: dict[int, UUID] = {}
    issued: dict[int, UUID] = {}
    for day in range(ORDERS[0].placed, 0, -1):
        with days_ago(day):
            _live(acting, placed, issued, day)
            if day == AMENDED:
                amend(centre, running.contract_id)
            if day == REVISED:
                _revise(acting)
            gather_due_charges(clock.now())
            if day == NEWEST_INVOICE:
                _pay_oldest_fees(acting)
    with days_ago(1):
        adhere_with(pooling, running.members[2], running.lot_id)


def _live(acting: _Acting, placed: dict[int, UUID], issued: dict[int, UUID], day: int) -> None:
    """What happened on one day, order by order."""
    for number, plan in enumerate(ORDERS):
        member = acting.running.members[plan.member]
        buyer = acting.pooling.actor(member.number)
        if plan.placed == day:
            placed[number] = _place(acting, member, buyer, plan)
        if plan.answered == day:
            taken = plan.quantity if plan.accepted is None else plan.accepted
            answer_call_off(acting.holder, placed[number], taken, plan.reason if taken < plan.quantity else None)
        if plan.delivered == day:
            declare_delivery(acting.holder, placed[number])
        if plan.disputed == day and plan.reason:
            dispute_call_off(buyer, placed[number], plan.reason)
        if plan.certified == day:
            certify_call_off(buyer, placed[number])
        if plan.invoiced == day:
            issued[number] = draw_call_off_invoice(acting.holder, placed[number]).id
        if plan.credited == day:
            credit_invoice(acting.holder, issued[number], "Site facturé par erreur : la facture est refaite.")
            draw_call_off_invoice(acting.holder, placed[number])
        if plan.paid == day:
            record_payment(
                acting.holder, issued[number], paid_on=clock.today(), means="transfer", reference=f"VIR-DEMO-{number + 1}"
            )


def _place(acting: _Acting, member: Site, buyer: Actor, plan: OrderPlan) -> UUID:
    ask = Ask(
        line="1", establishment_id=acting.pooling.establishments[member.number].id, lot_id=acting.running.lot_id,
        quantity=plan.quantity, starts_on=clock.today() + timedelta(days=10), purchase_order_reference="",
    )  # fmt: skip
    (order,) = place_call_offs(buyer, [ask])
    return order.id


def _describe(acting: _Acting, holder: Organisation) -> None:
    """Addresses and numbers that invoices carry: of the holder, and of the members that order."""
    with transaction() as session:
        row = session.get_one(Organisation, holder.id)
        row.siren = siren_of(900_001)
        row.vat_number = f"FR{(12 + 3 * (int(row.siren) % 97)) % 97:02d}{row.siren}"
    for actor, organisation_id in ((acting.holder, holder.id), (acting.centre, acting.running.centre_id)):
        _say_address(actor, organisation_id, "1 place de la Démonstration", IBAN)
    known: set[UUID] = set()
    for plan in ORDERS:
        member = acting.running.members[plan.member]
        organisation_id = acting.pooling.establishments[member.number].organisation_id
        if organisation_id not in known:
            known.add(organisation_id)
            _say_address(acting.pooling.actor(member.number), organisation_id, f"{plan.member + 1} rue de l'Exemple")


def _say_address(actor: Actor, organisation_id: UUID, street: str, iban: str = "") -> None:
    describe_invoicing(actor, organisation_id, address_lines=[street], postcode="69003", town="Lyon", iban=iban)


def _revise(acting: _Acting) -> None:
    """The index rose by two per cent since its base: prices of the orders to come follow for their indexed share."""
    enter_index(
        acting.centre, acting.running.centre_id, code=INDEX, month=clock.today(), value=Decimal("102.00"),
        source="Valeur fictive de démonstration",
    )  # fmt: skip
    revise(acting.centre, acting.running.contract_id, month=clock.today(), effective_on=clock.today())


def _pay_oldest_fees(acting: _Acting) -> None:
    """Transfers arrived for all fee invoices but the newest: what is due stays visible beside what is paid."""
    with transaction() as session:
        statement = select(FeeInvoice.id).where(FeeInvoice.payee_organisation_id == acting.running.centre_id)
        invoices: Sequence[UUID] = session.scalars(statement.order_by(FeeInvoice.gathered_at, FeeInvoice.id)).all()
    for invoice_id in invoices[:-1]:
        note_paid_outside(acting.centre, invoice_id)
