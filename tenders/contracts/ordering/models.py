"""Call-offs with their dates, the cart they come from, who may approve how much, and commitments handed on."""
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Numeric,
    Text,
    UniqueConstraint,
    case,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.accounts.models import Organisation
from marketplace.establishments.models import Establishment
from marketplace.platform.database import Model, id_column, moment, sql_list
from marketplace.platform.facts import unpack
from tenders.contracts.models import Contract
from tenders.contracts.ordering import words
from tenders.contracts.ordering.rules import states
from tenders.contracts.ordering.rules.approving import APPROVING_ROLES
from tenders.contracts.ordering.status import standing_case, status_case


def _person() -> Mapped[UUID | None]:
    return mapped_column(ForeignKey("users.id"))


class CallOff(Model):
    """An establishment's order on a contract, numbered from 1 without a gap. Status: ordering/rules/states.py.

    `quantity` is what was ordered, `accepted_quantity` what the holder took of it (NULL until it answered). `amount`
    and `amount_incl_vat` are euros of what stands: of the quantity ordered, then of the accepted one. `unit_price` is
    euros excluding VAT per unit and period. `starts_on`: delivery asked for. `choice` says why this holder (a packed
    Sentence); `replaces_id` is the order of which this one takes over what its holder refused.
    """

    __tablename__ = "call_offs"
    __table_args__ = (
        UniqueConstraint("contract_id", "number"),
        # Whoever orders on a contract is one of its members, or was.
        ForeignKeyConstraint(
            ["contract_id", "establishment_id"], ["contract_members.contract_id", "contract_members.establishment_id"],
            name="fk_call_offs_contract_members",
        ),
        CheckConstraint("number >= 1", name="number_from_one"),
        CheckConstraint("quantity > 0", name="quantity_positive"),
        CheckConstraint("periods >= 1 AND unit_price >= 0 AND vat_rate BETWEEN 0 AND 1", name="price_sound"),
        CheckConstraint("amount >= 0 AND amount_incl_vat >= amount", name="amounts_sound"),
        # Nobody accepts more than was ordered; less says why.
        CheckConstraint("accepted_quantity BETWEEN 0 AND quantity", name="accepted_within_order"),
        CheckConstraint(
            "(answered_at IS NULL) = (accepted_quantity IS NULL)"
            " AND (accepted_quantity IS NULL OR accepted_quantity = quantity OR COALESCE(btrim(answer_reason), '') <> '')",
            name="answer_complete",
        ),
        # One date at a time: sent once approved, answered once sent, delivered once accepted, certified once delivered.
        CheckConstraint(
            "(sent_at IS NULL OR approved_at IS NOT NULL) AND (answered_at IS NULL OR sent_at IS NOT NULL)"
            " AND (delivered_at IS NULL OR accepted_quantity > 0) AND (certified_at IS NULL OR delivered_at IS NOT NULL)",
            name="dates_in_order",
        ),
        # An order ends once: turned down or cancelled, and then nothing of it is certified.
        CheckConstraint("num_nonnulls(rejected_at, cancelled_at, certified_at) <= 1", name="ends_once"),
        CheckConstraint(
            "(rejected_at IS NULL) = (reject_reason IS NULL) AND btrim(reject_reason) <> ''"
            " AND (cancelled_at IS NULL) = (cancel_reason IS NULL) AND btrim(cancel_reason) <> ''"
            " AND (disputed_at IS NULL) = (dispute_reason IS NULL) AND btrim(dispute_reason) <> ''",
            name="endings_explained",
        ),
        CheckConstraint(
            "(resolved_at IS NULL) = (resolution IS NULL) AND (resolved_at IS NULL) = (resolved_how IS NULL)"
            f" AND resolved_how IN ({sql_list(words.RESOLUTIONS)}) AND (resolved_at IS NULL OR disputed_at IS NOT NULL)",
            name="resolution_complete",
        ),
        # What a holder refused is passed on once.
        Index("uq_call_offs_replaces_id", "replaces_id", unique=True, postgresql_where=text("replaces_id IS NOT NULL")),
        Index("ix_call_offs_organisation_id_placed_at", "organisation_id", "placed_at"),
        Index("ix_call_offs_contract_id_establishment_id", "contract_id", "establishment_id"),
        Index("ix_call_offs_lot_id", "lot_id"),
    )  # fmt: skip

    id: Mapped[UUID] = id_column()
    number: Mapped[int]
    contract_id: Mapped[UUID] = mapped_column(ForeignKey("contracts.id"))
    lot_id: Mapped[UUID] = mapped_column(ForeignKey("envelopes.lot_id"))
    establishment_id: Mapped[UUID] = mapped_column(ForeignKey("establishments.id"))
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"))
    quantity: Mapped[int] = mapped_column(BigInteger)
    unit: Mapped[str] = mapped_column(Text)
    unit_price: Mapped[Decimal] = mapped_column(Numeric(18, 4))
    price_period: Mapped[str] = mapped_column(Text)
    periods: Mapped[int]
    amount: Mapped[Decimal] = mapped_column(Numeric(38, 2))
    vat_rate: Mapped[Decimal] = mapped_column(Numeric(5, 4))
    amount_incl_vat: Mapped[Decimal] = mapped_column(Numeric(38, 2))
    starts_on: Mapped[date]
    purchase_order_reference: Mapped[str | None] = mapped_column(Text)
    note: Mapped[str | None] = mapped_column(Text)
    choice: Mapped[dict[str, Any]] = mapped_column(JSONB)
    replaces_id: Mapped[UUID | None] = mapped_column(ForeignKey("call_offs.id"))
    placed_at: Mapped[datetime] = moment()
    placed_by: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    approved_at: Mapped[datetime | None] = moment()
    approved_by: Mapped[UUID | None] = _person()
    rejected_at: Mapped[datetime | None] = moment()
    rejected_by: Mapped[UUID | None] = _person()
    reject_reason: Mapped[str | None] = mapped_column(Text)
    sent_at: Mapped[datetime | None] = moment()
    answered_at: Mapped[datetime | None] = moment()
    answered_by: Mapped[UUID | None] = _person()
    accepted_quantity: Mapped[int | None] = mapped_column(BigInteger)
    answer_reason: Mapped[str | None] = mapped_column(Text)
    delivered_at: Mapped[datetime | None] = moment()
    delivered_by: Mapped[UUID | None] = _person()
    delivered_on: Mapped[date | None]
    certified_at: Mapped[datetime | None] = moment()
    certified_by: Mapped[UUID | None] = _person()
    disputed_at: Mapped[datetime | None] = moment()
    disputed_by: Mapped[UUID | None] = _person()
    dispute_reason: Mapped[str | None] = mapped_column(Text)
    resolved_at: Mapped[datetime | None] = moment()
    resolved_by: Mapped[UUID | None] = _person()
    resolved_how: Mapped[str | None] = mapped_column(Text)
    resolution: Mapped[str | None] = mapped_column(Text)
    cancelled_at: Mapped[datetime | None] = moment()
    cancelled_by: Mapped[UUID | None] = _person()
    cancel_reason: Mapped[str | None] = mapped_column(Text)
    version: Mapped[int] = mapped_column(default=1, server_default="1")

    contract: Mapped[Contract] = relationship(foreign_keys=[contract_id])
    establishment: Mapped[Establishment] = relationship()
    organisation: Mapped[Organisation] = relationship()
    replaced: Mapped["CallOff | None"] = relationship(remote_side=[id], foreign_keys=[replaces_id], viewonly=True)

    @property
    def first_approved_by(self) -> UUID | None:
        """Who approved the order of which this one takes over the refused part; None for any other order."""
        return None if self.replaced is None else self.replaced.approved_by

    @hybrid_property
    def status(self) -> str:
        """One of states.STATUSES."""
        return states.status_of({name: getattr(self, name) for name in states.FACTS}, self.quantity)

    @status.inplace.expression
    @classmethod
    def _status_in_sql(cls) -> ColumnElement[str]:
        return status_case({name: getattr(cls, name) for name in states.FACTS}, cls.quantity)

    @hybrid_property
    def standing_quantity(self) -> int:
        """Units of it that stand: ordered, then accepted; none once it is over."""
        return states.standing_quantity(self.quantity, self.accepted_quantity, self.status)

    @standing_quantity.inplace.expression
    @classmethod
    def _standing_in_sql(cls) -> ColumnElement[int]:
        return standing_case(cls.quantity, cls.accepted_quantity, cls.rejected_at, cls.cancelled_at)

    @hybrid_property
    def standing_amount(self) -> Decimal:
        """Euros excluding VAT of what stands."""
        return self.amount if self.standing_quantity else Decimal(0)

    @standing_amount.inplace.expression
    @classmethod
    def _standing_amount_in_sql(cls) -> ColumnElement[Decimal]:
        standing = standing_case(cls.quantity, cls.accepted_quantity, cls.rejected_at, cls.cancelled_at)
        return case((standing > 0, cls.amount), else_=0)

    @property
    def why_this_holder(self) -> Any:
        """The reason of the choice, a Sentence."""
        return unpack(self.choice)


class CartLine(Model):
    """A line not yet ordered: one per establishment and lot; the holder is chosen, and the price settled, at placing."""

    __tablename__ = "order_cart_lines"
    __table_args__ = (
        UniqueConstraint("establishment_id", "lot_id"),
        CheckConstraint("quantity > 0", name="quantity_positive"),
        Index("ix_order_cart_lines_organisation_id", "organisation_id"),
    )

    id: Mapped[UUID] = id_column()
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"))
    establishment_id: Mapped[UUID] = mapped_column(ForeignKey("establishments.id"))
    lot_id: Mapped[UUID] = mapped_column(ForeignKey("envelopes.lot_id"))
    quantity: Mapped[int] = mapped_column(BigInteger)
    starts_on: Mapped[date]
    purchase_order_reference: Mapped[str | None] = mapped_column(Text)
    note: Mapped[str | None] = mapped_column(Text)
    added_at: Mapped[datetime] = moment()
    added_by: Mapped[UUID] = mapped_column(ForeignKey("users.id"))

    establishment: Mapped[Establishment] = relationship()


class OrderLimit(Model):
    """The most a role approves at once in an organisation, euros excluding VAT; NULL: no limit, 0: nothing."""

    __tablename__ = "order_limits"
    __table_args__ = (
        CheckConstraint(f"role IN ({sql_list(APPROVING_ROLES)})", name="role_known"),
        CheckConstraint("limit_amount >= 0", name="limit_not_negative"),
    )

    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"), primary_key=True)
    role: Mapped[str] = mapped_column(Text, primary_key=True)
    limit_amount: Mapped[Decimal | None] = mapped_column(Numeric(18, 2))
    decided_at: Mapped[datetime] = moment()
    decided_by: Mapped[UUID | None] = _person()


class CommitmentTransfer(Model):
    """Units of a commitment that one member offers to another on the same contract; accepted, declined or taken back once.

    Accepted, both `contract_members` rows change by `quantity` in the same transaction: their sum never does.
    """

    __tablename__ = "commitment_transfers"
    __table_args__ = (
        ForeignKeyConstraint(
            ["contract_id", "from_establishment_id"],
            ["contract_members.contract_id", "contract_members.establishment_id"],
            name="fk_commitment_transfers_giver",
        ),
        ForeignKeyConstraint(
            ["contract_id", "to_establishment_id"],
            ["contract_members.contract_id", "contract_members.establishment_id"],
            name="fk_commitment_transfers_taker",
        ),
        CheckConstraint("from_establishment_id <> to_establishment_id", name="between_two_members"),
        CheckConstraint("quantity > 0", name="quantity_positive"),
        CheckConstraint("num_nonnulls(accepted_at, declined_at, withdrawn_at) <= 1", name="answered_once"),
        Index("ix_commitment_transfers_contract_id", "contract_id"),
        # What still waits, for those who are asked.
        Index(
            "ix_commitment_transfers_waiting", "to_organisation_id",
            postgresql_where=text("num_nonnulls(accepted_at, declined_at, withdrawn_at) = 0"),
        ),
    )  # fmt: skip

    id: Mapped[UUID] = id_column()
    contract_id: Mapped[UUID] = mapped_column(ForeignKey("contracts.id"))
    from_establishment_id: Mapped[UUID] = mapped_column(ForeignKey("establishments.id"))
    from_organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"))
    to_establishment_id: Mapped[UUID] = mapped_column(ForeignKey("establishments.id"))
    to_organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"))
    quantity: Mapped[int] = mapped_column(BigInteger)
    reason: Mapped[str | None] = mapped_column(Text)
    offered_at: Mapped[datetime] = moment()
    offered_by: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    accepted_at: Mapped[datetime | None] = moment()
    declined_at: Mapped[datetime | None] = moment()
    withdrawn_at: Mapped[datetime | None] = moment()
    answered_by: Mapped[UUID | None] = _person()

    contract: Mapped[Contract] = relationship(foreign_keys=[contract_id])
    giver: Mapped[Establishment] = relationship(foreign_keys=[from_establishment_id])
    taker: Mapped[Establishment] = relationship(foreign_keys=[to_establishment_id])

    @hybrid_property
    def is_waiting(self) -> bool:
        """Whether it is still to be answered."""
        return not (self.accepted_at or self.declined_at or self.withdrawn_at)

    @is_waiting.inplace.expression
    @classmethod
    def _waiting_in_sql(cls) -> ColumnElement[bool]:
        return cls.accepted_at.is_(None) & cls.declined_at.is_(None) & cls.withdrawn_at.is_(None)
