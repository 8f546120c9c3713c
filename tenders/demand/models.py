"""Needs, the totals kept beside them, and closings: one pool per lot, its last guards in the database."""
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import (
    DDL,
    BigInteger,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Numeric,
    Text,
    event,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.platform.audit.models import REFUSE_FUNCTION, refuse_changes
from marketplace.platform.database import Model, moment, sql_list
from tenders.demand import words


def _known(column: str, vocabulary: tuple[str, ...]) -> CheckConstraint:
    return CheckConstraint(f"{column} IN ({sql_list(vocabulary)})", name=f"{column}_known")


def _sum() -> Mapped[int]:
    return mapped_column(BigInteger, default=0, server_default="0")


class LotTotals(Model):
    """What a lot's pool adds up to, in the lot's unit; the one row that every write to the pool locks.

    `tolerance` and `members` (establishments) are those of counted needs. `takes_needs` and `round` let a write that
    began before a closing see, under the lock, that it came too late. `last_waitlist_number` numbers the waiting list.
    """

    __tablename__ = "lot_totals"
    __table_args__ = (
        # The maximum counts firm and conditional needs, unresolved ones too (domain §4b.5). NULL: no maximum.
        CheckConstraint("firm + conditional <= maximum_quantity", name="within_maximum"),
        CheckConstraint(
            "LEAST(firm, conditional, awaiting_signature, waitlisted, indicative, tolerance, members) >= 0",
            name="not_negative",
        ),
    )

    lot_id: Mapped[UUID] = mapped_column(ForeignKey("lots.id"), primary_key=True)
    maximum_quantity: Mapped[int | None] = mapped_column(BigInteger)
    takes_needs: Mapped[bool] = mapped_column(default=True, server_default="true")
    round: Mapped[int] = mapped_column(default=1, server_default="1")
    firm: Mapped[int] = _sum()
    conditional: Mapped[int] = _sum()
    awaiting_signature: Mapped[int] = _sum()
    waitlisted: Mapped[int] = _sum()
    indicative: Mapped[int] = _sum()
    tolerance: Mapped[int] = _sum()
    members: Mapped[int] = _sum()
    last_waitlist_number: Mapped[int] = _sum()


class LotGrappeTotals(Model):
    """The same sums for what one grappe brings to a lot, and how many organisations are behind what others see."""

    __tablename__ = "lot_grappe_totals"

    lot_id: Mapped[UUID] = mapped_column(ForeignKey("lot_totals.lot_id"), primary_key=True)
    grappe_id: Mapped[UUID] = mapped_column(ForeignKey("grappes.id"), primary_key=True)
    firm: Mapped[int] = _sum()
    conditional: Mapped[int] = _sum()
    awaiting_signature: Mapped[int] = _sum()
    waitlisted: Mapped[int] = _sum()
    indicative: Mapped[int] = _sum()
    tolerance: Mapped[int] = _sum()
    members: Mapped[int] = _sum()
    organisations: Mapped[int] = _sum()


class LotGrappeOrganisation(Model):
    """How many needs of one organisation show in a grappe's row: what `organisations` above is counted from."""

    __tablename__ = "lot_grappe_organisations"
    __table_args__ = (
        ForeignKeyConstraint(
            ["lot_id", "grappe_id"], ["lot_grappe_totals.lot_id", "lot_grappe_totals.grappe_id"],
            name="fk_lot_grappe_organisations_lot_grappe_totals",
        ),
    )  # fmt: skip

    lot_id: Mapped[UUID] = mapped_column(primary_key=True)
    grappe_id: Mapped[UUID] = mapped_column(primary_key=True)
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"), primary_key=True)
    needs: Mapped[int] = _sum()


class Need(Model):
    """An establishment's quantity on a lot; withdrawn ones are deleted, their versions and the audit remember them.

    `organisation_id` is who was bound when the need was placed, `placed_by` who sent it last, `changed_by` whose act the
    last change was (NULL: a closing's, a place's that was freed, or a membership's that ended). `price_ceiling` is the
    unit price (euros excluding VAT) a signature binds up to, `exposure_excl_vat` the most it can cost over the term,
    tolerance included, as the signatory saw it. `ordered_quantity` and `decision_code` come from the closing.
    `waitlist_number` orders the waiting list by arrival. `phases` spread `quantity` over the years of the lot
    (rules/phases.py); NULL: the same every year.
    """

    __tablename__ = "needs"
    __table_args__ = (
        # Through the totals rows, not lots and grappes: a write holds those rows anyway and so never waits for the
        # row locks of somebody cancelling the lot or leaving the grappe (tenders/demand/writing.py).
        ForeignKeyConstraint(
            ["lot_id", "grappe_id"], ["lot_grappe_totals.lot_id", "lot_grappe_totals.grappe_id"],
            name="fk_needs_lot_grappe_totals",
        ),
        _known("firmness", words.FIRMNESS),
        _known("status", words.STATUSES),
        CheckConstraint("quantity > 0 AND tolerance >= 0", name="quantity_positive"),
        # A conditional need carries a condition, the others none (domain §4b.4).
        CheckConstraint(
            "(firmness = 'conditional') = (minimum_pool_quantity IS NOT NULL OR maximum_unit_price IS NOT NULL)",
            name="condition_if_conditional",
        ),
        CheckConstraint("minimum_pool_quantity > 0 AND maximum_unit_price > 0", name="condition_positive"),
        # Indicative needs count towards nothing (§4b.4).
        CheckConstraint(
            "firmness <> 'indicative' OR status NOT IN ('counted', 'waitlisted', 'awaiting_signature')",
            name="indicative_never_counts",
        ),
        CheckConstraint("status <> 'awaiting_signature' OR firmness = 'firm'", name="only_firm_is_signed"),
        # Nobody is bound without a signature that showed the exposure and the ceiling (§4b.4).
        CheckConstraint(
            "firmness <> 'firm' OR status NOT IN ('counted', 'waitlisted') OR signed_at IS NOT NULL",
            name="firm_counts_once_signed",
        ),
        CheckConstraint(
            "(signed_at IS NULL) = (price_ceiling IS NULL) AND (signed_at IS NULL) = (exposure_excl_vat IS NULL)",
            name="signature_shows_exposure",
        ),
        CheckConstraint("(status = 'waitlisted') = (waitlist_number IS NOT NULL)", name="waitlist_has_rank"),
        # No year asks for more than what is pooled (rules/phases.py), and every year says something.
        CheckConstraint(
            "quantity >= ALL (phases) AND 0 <= ALL (phases) AND array_position(phases, NULL) IS NULL"
            " AND cardinality(phases) > 1",
            name="phases_within_quantity",
        ),
        Index("ix_needs_establishment_id", "establishment_id"),
        Index("ix_needs_lot_id_grappe_id", "lot_id", "grappe_id", postgresql_where=text("grappe_id IS NOT NULL")),
        # The hardest condition of a pool, in one probe (tenders/demand/queries/pool.py).
        Index(
            "ix_needs_lot_id_minimum_pool_quantity", "lot_id", "minimum_pool_quantity",
            postgresql_where=text("status = 'counted' AND minimum_pool_quantity IS NOT NULL"),
        ),
        Index(
            "uq_needs_waitlist", "lot_id", "waitlist_number",
            unique=True, postgresql_where=text("waitlist_number IS NOT NULL"),
        ),
    )  # fmt: skip

    lot_id: Mapped[UUID] = mapped_column(ForeignKey("lot_totals.lot_id"), primary_key=True)
    establishment_id: Mapped[UUID] = mapped_column(ForeignKey("establishments.id"), primary_key=True)
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"))
    grappe_id: Mapped[UUID | None]
    quantity: Mapped[int] = mapped_column(BigInteger)
    tolerance: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    firmness: Mapped[str] = mapped_column(Text)
    minimum_pool_quantity: Mapped[int | None] = mapped_column(BigInteger)
    maximum_unit_price: Mapped[Decimal | None] = mapped_column(Numeric(18, 4))
    status: Mapped[str] = mapped_column(Text)
    waitlist_number: Mapped[int | None] = mapped_column(BigInteger)
    placed_at: Mapped[datetime] = moment(now=True)
    placed_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    changed_at: Mapped[datetime] = moment(now=True)
    signed_at: Mapped[datetime | None] = moment()
    signed_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    price_ceiling: Mapped[Decimal | None] = mapped_column(Numeric(18, 4))
    exposure_excl_vat: Mapped[Decimal | None] = mapped_column(Numeric(38, 2))
    ordered_quantity: Mapped[int | None] = mapped_column(BigInteger)
    decision_code: Mapped[str | None] = mapped_column(Text)
    version: Mapped[int] = mapped_column(default=1, server_default="1")
    changed_by: Mapped[UUID | None]
    phases: Mapped[list[int] | None] = mapped_column(ARRAY(BigInteger))


class NeedVersion(Model):
    """What a need was after one change; what it was before is the version before. Written by the triggers below alone.

    One for each `version` of a need and one, `withdrawn`, for its withdrawal. No foreign keys: it refers to the rows of
    a need that the same statement just checked.
    """

    __tablename__ = "need_versions"
    __table_args__ = (
        # A withdrawn need asks for nothing; everything else is what was asked.
        CheckConstraint("(status = 'withdrawn') = (quantity IS NULL)", name="withdrawn_asks_nothing"),
        # The newest first: what moved this week.
        Index("ix_need_versions_changed_at", "changed_at"),
    )

    lot_id: Mapped[UUID] = mapped_column(primary_key=True)
    establishment_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    organisation_id: Mapped[UUID]
    changed_at: Mapped[datetime] = moment()
    changed_by: Mapped[UUID | None]
    status: Mapped[str] = mapped_column(Text)
    grappe_id: Mapped[UUID | None]
    quantity: Mapped[int | None] = mapped_column(BigInteger)
    tolerance: Mapped[int | None] = mapped_column(BigInteger)
    firmness: Mapped[str | None] = mapped_column(Text)
    minimum_pool_quantity: Mapped[int | None] = mapped_column(BigInteger)
    maximum_unit_price: Mapped[Decimal | None] = mapped_column(Numeric(18, 4))
    price_ceiling: Mapped[Decimal | None] = mapped_column(Numeric(18, 4))
    signed_by: Mapped[UUID | None]
    phases: Mapped[list[int] | None] = mapped_column(ARRAY(BigInteger))


KEEP_FUNCTION = """
CREATE OR REPLACE FUNCTION needs_keep_version() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    IF TG_OP = 'DELETE' THEN
        INSERT INTO need_versions (lot_id, establishment_id, organisation_id, changed_at, changed_by, status)
        VALUES (OLD.lot_id, OLD.establishment_id, OLD.organisation_id, OLD.changed_at, OLD.changed_by, 'withdrawn');
    ELSE
        INSERT INTO need_versions (lot_id, establishment_id, organisation_id, changed_at, changed_by, status, grappe_id,
            quantity, tolerance, firmness, minimum_pool_quantity, maximum_unit_price, price_ceiling, signed_by, phases)
        VALUES (NEW.lot_id, NEW.establishment_id, NEW.organisation_id, NEW.changed_at, NEW.changed_by, NEW.status,
            NEW.grappe_id, NEW.quantity, NEW.tolerance, NEW.firmness, NEW.minimum_pool_quantity, NEW.maximum_unit_price,
            NEW.price_ceiling, NEW.signed_by, NEW.phases);
    END IF;
    RETURN NULL;
END
$body$
"""
KEEP_TRIGGERS = (
    "CREATE TRIGGER needs_kept_when_placed_or_withdrawn AFTER INSERT OR DELETE ON needs "
    "FOR EACH ROW EXECUTE FUNCTION needs_keep_version()",
    "CREATE TRIGGER needs_kept_when_changed AFTER UPDATE ON needs "
    "FOR EACH ROW WHEN (OLD.version IS DISTINCT FROM NEW.version) EXECUTE FUNCTION needs_keep_version()",
)
for _statement in (KEEP_FUNCTION, *KEEP_TRIGGERS):
    event.listen(Need.__table__, "after_create", DDL(_statement))
for _statement in (REFUSE_FUNCTION, refuse_changes("need_versions")):
    event.listen(NeedVersion.__table__, "after_create", DDL(_statement))


class Closing(Model):
    """A round's decision, taken once (domain §4b.7). `body` is the whole of it, sentences still to be translated.

    `decided_by` NULL: the scheduler, at `needs_close_at`. `undone_at`: the centre took it back; the needs went on in
    the next round.
    """

    __tablename__ = "closings"
    __table_args__ = (
        _known("outcome", words.OUTCOMES),
        _known("policy_applied", words.POLICY_STEPS),
        # The policy runs when, and only when, the minimum was missed.
        CheckConstraint("(outcome = 'not_met') = (policy_applied IS NOT NULL)", name="policy_when_missed"),
        CheckConstraint("ordered_quantity >= 0", name="ordered_not_negative"),
        CheckConstraint("jsonb_typeof(body) = 'object'", name="body_is_object"),
        # Whoever takes a decision back says why.
        CheckConstraint(
            "num_nonnulls(undone_at, undone_by, undo_reason) IN (0, 3) AND btrim(undo_reason) <> ''",
            name="undone_with_reason",
        ),
    )

    lot_id: Mapped[UUID] = mapped_column(ForeignKey("lots.id"), primary_key=True)
    round: Mapped[int] = mapped_column(primary_key=True)
    outcome: Mapped[str] = mapped_column(Text)
    ordered_quantity: Mapped[int] = mapped_column(BigInteger)
    policy_applied: Mapped[str | None] = mapped_column(Text)
    reason: Mapped[str | None] = mapped_column(Text)
    decided_at: Mapped[datetime] = moment()
    decided_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    body: Mapped[dict[str, Any]] = mapped_column(JSONB)
    undone_at: Mapped[datetime | None] = moment()
    undone_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    undo_reason: Mapped[str | None] = mapped_column(Text)
