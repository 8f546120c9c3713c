"""Amendments of contracts, drafts and signed versions, and the thresholds of the law they are held against."""
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import DDL, CheckConstraint, DateTime, ForeignKey, Index, Numeric, Text, UniqueConstraint, event
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.platform.audit.models import REFUSE_FUNCTION, refuse_changes
from marketplace.platform.database import Model, id_column, moment, sql_list
from marketplace.platform.files import StoredFile
from tenders.contracts.amendments import words
from tenders.contracts.models import Contract


class Amendment(Model):
    """A version of a contract: a draft until it is signed (`number`, from 1 without a gap) or withdrawn.

    `changes`: field → before and after (rules/changes.py). `value_change` in euros excluding VAT: what it adds to the
    contract's initial value or takes off it. `wanted_on`: the day of effect, NULL for the day of its signature;
    `effective_on`: the day itself, once signed. `assessment`: the figures and warnings it was signed on, with the centre's
    `acknowledgement` where a threshold was reached.
    """

    __tablename__ = "contract_amendments"
    __table_args__ = (
        UniqueConstraint("contract_id", "number"),
        CheckConstraint(f"kind IN ({sql_list(words.KINDS)})", name="kind_known"),
        CheckConstraint(f"legal_basis IN ({sql_list(words.BASES)})", name="legal_basis_known"),
        CheckConstraint("jsonb_typeof(changes) = 'object' AND changes <> '{}'", name="changes_something"),
        CheckConstraint("btrim(reason) <> ''", name="reason_written"),
        CheckConstraint("number >= 1", name="number_from_one"),
        # What is signed has its number, its file, its days and the figures it was signed on; a draft has none of them.
        CheckConstraint(
            "num_nonnulls(number, signed_at, signed_on, signed_file_id, effective_on, assessment) IN (0, 6)",
            name="signed_complete",
        ),
        CheckConstraint("signed_at IS NULL OR withdrawn_at IS NULL", name="signed_or_withdrawn"),
        # Whoever signs past a threshold says why.
        CheckConstraint(
            "assessment IS NULL OR assessment -> 'warnings' = '[]' OR COALESCE(btrim(acknowledgement), '') <> ''",
            name="warnings_acknowledged",
        ),
        Index("ix_contract_amendments_contract_id_drafted_at", "contract_id", "drafted_at"),
    )

    id: Mapped[UUID] = id_column()
    contract_id: Mapped[UUID] = mapped_column(ForeignKey("contracts.id"))
    kind: Mapped[str] = mapped_column(Text)
    changes: Mapped[dict[str, Any]] = mapped_column(JSONB)
    value_change: Mapped[Decimal] = mapped_column(Numeric(38, 2))
    reason: Mapped[str] = mapped_column(Text)
    legal_basis: Mapped[str] = mapped_column(Text)
    wanted_on: Mapped[date | None]
    drafted_at: Mapped[datetime] = moment(now=True)
    drafted_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    number: Mapped[int | None]
    effective_on: Mapped[date | None]
    signed_on: Mapped[date | None]
    signed_file_id: Mapped[UUID | None] = mapped_column(ForeignKey("stored_files.id"))
    signed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    signed_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    assessment: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    acknowledgement: Mapped[str | None] = mapped_column(Text)
    withdrawn_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    withdrawn_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))

    contract: Mapped[Contract] = relationship()
    signed_file: Mapped[StoredFile | None] = relationship()

    @property
    def is_draft(self) -> bool:
        """Whether it may still be signed or withdrawn."""
        return self.signed_at is None and self.withdrawn_at is None


class AmendmentThreshold(Model):
    """A threshold of the law from a day on; entered again it replaces the earlier entry from its own day on.

    `value`: per cent of the initial value, or euros excluding VAT (words.THRESHOLDS). Entered by the platform.
    """

    __tablename__ = "amendment_thresholds"
    __table_args__ = (
        CheckConstraint(f"code IN ({sql_list(words.THRESHOLDS)})", name="code_known"),
        CheckConstraint("value > 0", name="value_positive"),
        CheckConstraint("btrim(article) <> '' AND btrim(source) <> ''", name="source_written"),
    )

    id: Mapped[UUID] = id_column()
    code: Mapped[str] = mapped_column(Text)
    value: Mapped[Decimal] = mapped_column(Numeric(18, 4))
    article: Mapped[str] = mapped_column(Text)
    since: Mapped[date]
    source: Mapped[str] = mapped_column(Text)
    entered_at: Mapped[datetime] = moment(now=True)
    entered_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))


WRITTEN = (
    "id", "contract_id", "kind", "changes", "value_change", "reason", "legal_basis", "wanted_on", "drafted_at", "drafted_by",
)  # fmt: skip
REFUSE_CHANGE = """
CREATE FUNCTION refuse_change_of_amendment() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a written amendment does not change'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'amendment_is_written';
END
$$
"""
KEEP_WRITTEN = f"""
CREATE TRIGGER amendment_is_written BEFORE UPDATE OF {", ".join(WRITTEN)} OR DELETE ON contract_amendments
    FOR EACH ROW EXECUTE FUNCTION refuse_change_of_amendment()
"""
KEEP_SETTLED = """
CREATE TRIGGER amendment_is_settled BEFORE UPDATE ON contract_amendments
    FOR EACH ROW WHEN (OLD.signed_at IS NOT NULL OR OLD.withdrawn_at IS NOT NULL)
    EXECUTE FUNCTION refuse_change_of_amendment()
"""
KEEP_ALL = """
CREATE TRIGGER amendments_are_kept BEFORE TRUNCATE ON contract_amendments
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_amendment()
"""

# What is written never changes: a draft is signed once or withdrawn once, and then stays as it is.
for _statement in (REFUSE_CHANGE, KEEP_WRITTEN, KEEP_SETTLED, KEEP_ALL):
    event.listen(Amendment.__table__, "after_create", DDL(_statement))
for _statement in (REFUSE_FUNCTION, refuse_changes("amendment_thresholds")):
    event.listen(AmendmentThreshold.__table__, "after_create", DDL(_statement))
