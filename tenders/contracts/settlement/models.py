"""A contract's true-up: decided once, with what it was decided from; neither table is ever changed."""
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import DDL, BigInteger, CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, Numeric, Text, event
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.establishments.models import Establishment
from marketplace.platform.audit.models import REFUSE_FUNCTION, refuse_changes
from marketplace.platform.database import Model, moment, sql_list
from tenders.contracts.models import Contract
from tenders.contracts.settlement.rules import SHARING_RULES


class Settlement(Model):
    """The statement of a contract; the primary key is "once". Units of the lot, euros excluding VAT.

    `unattributed`: lacking units that nobody had committed to, charged to nobody. `evidence`: the call-offs counted,
    the sharing rules applied, by group, and the index factor of the last day, at which missing units are priced.
    """

    __tablename__ = "settlements"
    __table_args__ = (
        CheckConstraint("LEAST(minimum, committed, consumed, lacking, unattributed, amount) >= 0", name="not_negative"),
        CheckConstraint("lacking = GREATEST(0, minimum - consumed)", name="lacking_is_what_lacks"),
        CheckConstraint("unattributed <= lacking", name="unattributed_within_lacking"),
        CheckConstraint("jsonb_typeof(evidence) = 'object'", name="evidence_is_object"),
    )

    contract_id: Mapped[UUID] = mapped_column(ForeignKey("contracts.id"), primary_key=True)
    minimum: Mapped[int] = mapped_column(BigInteger)
    committed: Mapped[int] = mapped_column(BigInteger)
    consumed: Mapped[int] = mapped_column(BigInteger)
    lacking: Mapped[int] = mapped_column(BigInteger)
    unattributed: Mapped[int] = mapped_column(BigInteger)
    amount: Mapped[Decimal] = mapped_column(Numeric(38, 2))
    vat_rate: Mapped[Decimal] = mapped_column(Numeric(5, 4))
    evidence: Mapped[dict[str, Any]] = mapped_column(JSONB)
    decided_at: Mapped[datetime] = moment(now=True)
    decided_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))

    contract: Mapped[Contract] = relationship()
    shares: Mapped[list["SettlementShare"]] = relationship(order_by="SettlementShare.position")


class SettlementShare(Model):
    """One establishment's line of the statement, in the order of the statement."""

    __tablename__ = "settlement_shares"
    __table_args__ = (
        ForeignKeyConstraint(
            ["contract_id", "establishment_id"], ["contract_members.contract_id", "contract_members.establishment_id"],
            name="fk_settlement_shares_contract_members",
        ),
        CheckConstraint("LEAST(committed, consumed, owed, relieved, unit_amount, amount) >= 0", name="not_negative"),
        # Nobody who met its share pays, and nobody pays for more than its own shortfall.
        CheckConstraint("owed + relieved = GREATEST(0, committed - consumed)", name="owes_within_its_shortfall"),
        CheckConstraint("owed > 0 OR amount = 0", name="pays_only_what_it_owes"),
        CheckConstraint(f"rule IN ({sql_list(SHARING_RULES)})", name="rule_known"),
        Index("ix_settlement_shares_organisation_id", "organisation_id"),
    )

    contract_id: Mapped[UUID] = mapped_column(ForeignKey("settlements.contract_id"), primary_key=True)
    establishment_id: Mapped[UUID] = mapped_column(ForeignKey("establishments.id"), primary_key=True)
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"))
    grappe_id: Mapped[UUID | None] = mapped_column(ForeignKey("grappes.id"))
    position: Mapped[int]
    rule: Mapped[str] = mapped_column(Text)
    committed: Mapped[int] = mapped_column(BigInteger)
    consumed: Mapped[int] = mapped_column(BigInteger)
    owed: Mapped[int] = mapped_column(BigInteger)
    relieved: Mapped[int] = mapped_column(BigInteger)
    unit_amount: Mapped[Decimal] = mapped_column(Numeric(38, 4))
    amount: Mapped[Decimal] = mapped_column(Numeric(38, 2))

    establishment: Mapped[Establishment] = relationship()


for _model in (Settlement, SettlementShare):
    for _statement in (REFUSE_FUNCTION, refuse_changes(_model.__tablename__)):
        event.listen(_model.__table__, "after_create", DDL(_statement))
