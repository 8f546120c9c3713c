"""Index values, formulas of contracts and their revisions: written once, never changed."""
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import (
    DDL,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Numeric,
    Text,
    UniqueConstraint,
    event,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.platform.audit.models import REFUSE_FUNCTION, refuse_changes
from marketplace.platform.database import Model, id_column, moment


class ContractIndex(Model):
    """A published value of an index for a month (its first day). Entered again it corrects the earlier entry.

    `organisation_id`: the centre that entered it for its own contracts, or the platform for all.
    """

    __tablename__ = "contract_indices"
    __table_args__ = (
        UniqueConstraint("organisation_id", "code", "month", "entered_at"),
        CheckConstraint("value > 0", name="value_positive"),
        CheckConstraint("date_part('day', month) = 1", name="month_is_its_first_day"),
        CheckConstraint("btrim(source) <> '' AND btrim(code) <> ''", name="source_written"),
    )

    id: Mapped[UUID] = id_column()
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"))
    code: Mapped[str] = mapped_column(Text)
    month: Mapped[date]
    value: Mapped[Decimal] = mapped_column(Numeric(14, 4))
    source: Mapped[str] = mapped_column(Text)
    entered_at: Mapped[datetime] = moment(now=True)
    entered_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))


class ContractFormula(Model):
    """How a contract's prices follow an index: number 1 is frozen with it, before the activation; amendments add others.

    `since`: the day it takes effect, NULL for the first. `carried`: the factor reached that day under the one before, by
    which its own factors are multiplied, so that a new formula never makes a price jump.
    """

    __tablename__ = "contract_formulas"
    __table_args__ = (
        CheckConstraint("fixed_share >= 0 AND fixed_share < 1 AND fixed_share + indexed_share = 1", name="shares_are_whole"),
        CheckConstraint("base_value > 0", name="base_value_positive"),
        CheckConstraint("date_part('day', base_month) = 1", name="base_month_is_its_first_day"),
        CheckConstraint("interval_months BETWEEN 1 AND 120", name="interval_accepted"),
        CheckConstraint("number >= 1 AND carried > 0", name="follows_another"),
    )

    contract_id: Mapped[UUID] = mapped_column(ForeignKey("contracts.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, default=1, server_default="1")
    since: Mapped[date | None]
    carried: Mapped[Decimal] = mapped_column(Numeric(10, 4), default=Decimal(1), server_default="1")
    index_code: Mapped[str] = mapped_column(Text)
    base_month: Mapped[date]
    base_value: Mapped[Decimal] = mapped_column(Numeric(14, 4))
    fixed_share: Mapped[Decimal] = mapped_column(Numeric(5, 4))
    indexed_share: Mapped[Decimal] = mapped_column(Numeric(5, 4))
    interval_months: Mapped[int]
    set_at: Mapped[datetime] = moment(now=True)
    set_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))


class ContractRevision(Model):
    """A revision: from `effective_on` on, orders cost the frozen price times `factor`. `evidence`: value and source."""

    __tablename__ = "contract_revisions"
    __table_args__ = (
        UniqueConstraint("contract_id", "effective_on"),
        # A revision rests on one formula of its own contract.
        ForeignKeyConstraint(
            ["contract_id", "formula_number"], ["contract_formulas.contract_id", "contract_formulas.number"],
            name="fk_contract_revisions_contract_formulas",
        ),
        CheckConstraint("factor > 0", name="factor_positive"),
        CheckConstraint("jsonb_typeof(evidence) = 'object'", name="evidence_is_object"),
    )

    contract_id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    formula_number: Mapped[int] = mapped_column(default=1, server_default="1")
    effective_on: Mapped[date]
    factor: Mapped[Decimal] = mapped_column(Numeric(10, 4))
    index_id: Mapped[UUID] = mapped_column(ForeignKey("contract_indices.id"))
    evidence: Mapped[dict[str, Any]] = mapped_column(JSONB)
    decided_at: Mapped[datetime] = moment(now=True)
    decided_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))


for _model in (ContractIndex, ContractFormula, ContractRevision):
    for _statement in (REFUSE_FUNCTION, refuse_changes(_model.__tablename__)):
        event.listen(_model.__table__, "after_create", DDL(_statement))
