"""Contracts of a lot's holders: terms frozen at conclusion, the counters that orders lock, members, decisions."""
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import (
    DDL,
    BigInteger,
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Numeric,
    Text,
    UniqueConstraint,
    event,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, mapped_column, relationship

from catalog.offers.rules import PRICINGS, PriceGrid, unit_price_for
from catalog.providers.models import Provider
from marketplace.categories.units import PRICE_PERIODS, UNITS
from marketplace.platform import clock
from marketplace.platform.audit.models import REFUSE_FUNCTION, refuse_changes
from marketplace.platform.database import Model, id_column, moment, sql_list
from tenders.contracts import words
from tenders.contracts.rules.frozen_prices import thaw, thaw_grid
from tenders.contracts.rules.term import Term
from tenders.contracts.status import DATES, status_case, status_of
from tenders.vehicles.models import Lot


def _known(column: str, vocabulary: tuple[str, ...]) -> CheckConstraint:
    return CheckConstraint(f"{column} IN ({sql_list(vocabulary)})", name=f"{column}_known")


class LotExecution(Model):
    """How the orders of a lot find their holder; one row per lot, written with its first contract and locked by each.

    `shared_percent` adds up the shares of its running contracts, `contracts` counts them (the next rank).
    """

    __tablename__ = "lot_executions"
    __table_args__ = (
        _known("holder_selection", words.HOLDER_SELECTIONS),
        # Shares of one lot never add up to more than the whole of it.
        CheckConstraint("shared_percent BETWEEN 0 AND 100", name="shares_within_the_whole"),
        # What a contract's composite foreign key points at: one selection per lot.
        UniqueConstraint("lot_id", "holder_selection"),
    )

    lot_id: Mapped[UUID] = mapped_column(ForeignKey("lots.id"), primary_key=True)
    holder_selection: Mapped[str] = mapped_column(Text)
    shared_percent: Mapped[Decimal] = mapped_column(Numeric(7, 4), default=Decimal(0), server_default="0")
    contracts: Mapped[int] = mapped_column(default=0, server_default="0")


class Contract(Model):
    """What a centre and a holder agreed on a lot. Status: tenders/contracts/status.py.

    `organisation_id` is the centre. Prices are euros excluding VAT per unit and `price_period`, frozen: `grid` holds the
    brackets, `pooled_quantity` the quantity Q at which they were reached. `minimum_quantity` is what the members owe this
    holder over the term (NULL: nothing). Maxima: NULL none, 0 nothing at all. `ordered_*` are the sums of what was
    called off: whoever orders locks this row (tenders/contracts/counters.py). `lapsed_at`: its minimum was missed.
    `next_fee_on`: first day of the first year whose yearly fee is not charged yet; beyond the end once all are.
    `member_year_on`: first day of the last year whose fee its members owed, `member_year_fee` how much: what a latecomer owes.
    `amendments` counts those signed, `amendments_in_force` is the number of the version in force (0: as concluded), and
    `amended_grid` its prices when an amendment changed them; `first_ends_on` its last day before amendments moved it.
    """

    __tablename__ = "contracts"
    __table_args__ = (
        UniqueConstraint("organisation_id", "reference"),
        UniqueConstraint("lot_id", "rank"),
        # One selection per lot: every contract of a lot repeats the lot's.
        ForeignKeyConstraint(
            ["lot_id", "holder_selection"], ["lot_executions.lot_id", "lot_executions.holder_selection"],
            name="fk_contracts_lot_executions",
        ),
        # A single holder is single: another may follow only once the contract lapsed or was terminated.
        Index(
            "uq_contracts_single_holder", "lot_id", unique=True,
            postgresql_where=text("holder_selection = 'single' AND terminated_on IS NULL AND lapsed_at IS NULL"),
        ),
        Index(
            "uq_contracts_holder_once_per_lot", "lot_id", "holder_id", unique=True,
            postgresql_where=text("terminated_on IS NULL AND lapsed_at IS NULL"),
        ),
        _known("origin", words.ORIGINS),
        _known("unit", tuple(UNITS)),
        _known("price_period", PRICE_PERIODS),
        _known("pricing", PRICINGS),
        _known("fee_kind", words.FEE_KINDS),
        _known("fee_payer", words.FEE_PAYERS),
        # A listing relies on a published offer; only an award made elsewhere brings its own grid.
        CheckConstraint("offer_id IS NOT NULL OR origin <> 'listing'", name="listing_relies_on_an_offer"),
        CheckConstraint("rank >= 1", name="rank_from_one"),
        CheckConstraint("(share_percent IS NOT NULL) = (holder_selection = 'share')", name="share_only_when_shared"),
        CheckConstraint("share_percent > 0 AND share_percent <= 100", name="share_within_the_whole"),
        CheckConstraint("term_months > 0", name="term_positive"),
        CheckConstraint("ends_on >= starts_on", name="ends_after_it_starts"),
        # Longer than the regime allows only with a written reason (domain §4): an empty one is none.
        CheckConstraint("btrim(duration_reason) <> ''", name="duration_reason_written"),
        CheckConstraint(
            "duration_reason IS NOT NULL OR maximum_duration_months IS NULL"
            " OR ends_on <= starts_on + make_interval(months => maximum_duration_months)",
            name="no_longer_than_allowed",
        ),
        CheckConstraint("mobilisation_amount >= 0", name="mobilisation_not_negative"),
        CheckConstraint("jsonb_typeof(regional_uplifts) = 'object' AND jsonb_typeof(grid) = 'array'", name="grid_is_one"),
        CheckConstraint("jsonb_typeof(amended_grid) = 'object'", name="amended_grid_is_one"),
        CheckConstraint("amendments_in_force BETWEEN 0 AND amendments", name="in_force_once_signed"),
        CheckConstraint("pooled_quantity > 0", name="pooled_quantity_positive"),
        CheckConstraint("minimum_quantity > 0 AND maximum_quantity >= 0 AND maximum_amount >= 0"
                        " AND minimum_quantity <= maximum_quantity", name="minimum_within_maximum"),
        # At its maximum a contract has exhausted its effects: orders stop (domain §4, §4b.5).
        CheckConstraint("ordered_quantity <= maximum_quantity", name="within_maximum"),
        CheckConstraint("ordered_amount <= maximum_amount", name="within_maximum_amount"),
        CheckConstraint("LEAST(ordered_quantity, ordered_amount) >= 0", name="not_negative"),
        # The contract itself is a signed PDF: the file and the day go together, and nothing is activated without.
        CheckConstraint("(signed_on IS NULL) = (signed_file_id IS NULL)", name="signed_with_its_file"),
        CheckConstraint("activated_at IS NULL OR signed_on IS NOT NULL", name="activated_once_signed"),
        CheckConstraint("activated_at IS NULL OR lapsed_at IS NULL", name="activated_or_lapsed"),
        CheckConstraint(
            "(suspended_from IS NULL) = (suspension_reason IS NULL) AND btrim(suspension_reason) <> ''"
            " AND (suspended_until IS NULL OR suspended_until >= suspended_from)",
            name="suspension_is_explained",
        ),
        CheckConstraint(
            "(terminated_on IS NULL) = (termination_reason IS NULL) AND btrim(termination_reason) <> ''",
            name="termination_is_explained",
        ),
        CheckConstraint(
            "(fee_kind = 'none') = (fee_value IS NULL) AND (fee_kind = 'none') = (fee_payer IS NULL) AND fee_value > 0"
            " AND (fee_kind <> 'percent_of_call_offs' OR fee_value <= 100)",
            name="fee_complete",
        ),
        CheckConstraint("next_fee_on IS NULL OR fee_kind = 'flat_yearly'", name="only_yearly_fees_come_back"),
        CheckConstraint(
            "(member_year_on IS NULL) = (member_year_fee IS NULL) AND member_year_fee > 0", name="members_year_has_its_fee"
        ),
        Index("ix_contracts_holder_id", "holder_id"),
        # What the scheduler looks at: contracts whose yearly fee falls due again.
        Index("ix_contracts_next_fee_on", "next_fee_on", postgresql_where=text("next_fee_on IS NOT NULL")),
    )  # fmt: skip

    id: Mapped[UUID] = id_column()
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"))
    lot_id: Mapped[UUID] = mapped_column(ForeignKey("lots.id"))
    closing_round: Mapped[int]
    holder_id: Mapped[UUID] = mapped_column(ForeignKey("providers.id"))
    offer_id: Mapped[UUID | None] = mapped_column(ForeignKey("offers.id"))
    origin: Mapped[str] = mapped_column(Text)
    reference: Mapped[str] = mapped_column(Text)
    title: Mapped[str] = mapped_column(Text)
    holder_selection: Mapped[str] = mapped_column(Text)
    rank: Mapped[int]
    share_percent: Mapped[Decimal | None] = mapped_column(Numeric(7, 4))
    unit: Mapped[str] = mapped_column(Text)
    price_period: Mapped[str] = mapped_column(Text)
    term_months: Mapped[int]
    pricing: Mapped[str] = mapped_column(Text)
    mobilisation_amount: Mapped[Decimal] = mapped_column(Numeric(18, 2), default=Decimal(0), server_default="0")
    regional_uplifts: Mapped[dict[str, str]] = mapped_column(JSONB, default=dict, server_default="{}")
    grid: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    amended_grid: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    amendments: Mapped[int] = mapped_column(default=0, server_default="0")
    amendments_in_force: Mapped[int] = mapped_column(default=0, server_default="0")
    pooled_quantity: Mapped[int] = mapped_column(BigInteger)
    minimum_quantity: Mapped[int | None] = mapped_column(BigInteger)
    maximum_quantity: Mapped[int | None] = mapped_column(BigInteger)
    maximum_amount: Mapped[Decimal | None] = mapped_column(Numeric(38, 2))
    ordered_quantity: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    ordered_amount: Mapped[Decimal] = mapped_column(Numeric(38, 2), default=Decimal(0), server_default="0")
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    first_ends_on: Mapped[date | None]
    maximum_duration_months: Mapped[int | None]
    duration_reason: Mapped[str | None] = mapped_column(Text)
    concluded_at: Mapped[datetime] = moment(now=True)
    concluded_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    signed_on: Mapped[date | None]
    signed_file_id: Mapped[UUID | None] = mapped_column(ForeignKey("stored_files.id"))
    activated_at: Mapped[datetime | None] = moment()
    lapsed_at: Mapped[datetime | None] = moment()
    suspended_from: Mapped[date | None]
    suspended_until: Mapped[date | None]
    suspension_reason: Mapped[str | None] = mapped_column(Text)
    terminated_on: Mapped[date | None]
    termination_reason: Mapped[str | None] = mapped_column(Text)
    fee_kind: Mapped[str] = mapped_column(Text, default="none", server_default="none")
    fee_payer: Mapped[str | None] = mapped_column(Text)
    fee_value: Mapped[Decimal | None] = mapped_column(Numeric(18, 4))
    next_fee_on: Mapped[date | None]
    member_year_on: Mapped[date | None]
    member_year_fee: Mapped[Decimal | None] = mapped_column(Numeric(18, 4))
    version: Mapped[int] = mapped_column(default=1, server_default="1")

    lot: Mapped[Lot] = relationship()
    holder: Mapped[Provider] = relationship()

    @property
    def price_grid(self) -> PriceGrid:
        """The prices in force, before indexation, as the rules of offers read them (`price_for`, `unit_price_for`)."""
        if self.amended_grid is not None:
            return thaw_grid(self.amended_grid)
        return thaw(self.pricing, self.grid, self.mobilisation_amount, self.regional_uplifts)

    def unit_price_in(self, region: str | None, grid: PriceGrid | None = None) -> Decimal:
        """The price of a unit and period for a site of a region, before indexation: by the grid in force, or another one."""
        return unit_price_for(grid or self.price_grid, self.pooled_quantity, region, periods=self.periods)

    @property
    def periods(self) -> int:
        """How often the price falls due over the lot's term (domain §4b.1): what mobilisation is spread over."""
        return self.term.periods

    @property
    def term(self) -> Term:
        """The term as concluded, which says what is charged up to another last day."""
        return Term(self.starts_on, self.first_ends_on or self.ends_on, self.term_months, self.price_period)

    @property
    def charged_months(self) -> int:
        """The most months that an order may be charged for, with what amendments added to the term."""
        return self.term.months_until(self.ends_on)

    @property
    def remaining_quantity(self) -> int | None:
        """Units that may still be called off; None without a maximum."""
        return None if self.maximum_quantity is None else self.maximum_quantity - self.ordered_quantity

    @hybrid_property
    def status(self) -> str:
        """lapsed, terminated, ended, concluded, suspended, upcoming or active: orders pass only when active."""
        return status_of({name: getattr(self, name) for name in DATES}, clock.today())

    @status.inplace.expression
    @classmethod
    def _status_in_sql(cls) -> ColumnElement[str]:
        return status_case({name: getattr(cls, name) for name in DATES}, clock.today())


class ContractMember(Model):
    """An establishment that may order on a contract: nobody else may (domain §4).

    `pooled_quantity` is its part of the quantity Q behind the price, `committed_quantity` what it owes this holder,
    `unit_price` euros excluding VAT per unit and period, four decimals, mobilisation and own `uplift` included (§4b.8).
    `until`: last day on which it may order, NULL while it may. Both days included.
    """

    __tablename__ = "contract_members"
    __table_args__ = (
        CheckConstraint("pooled_quantity >= 0 AND committed_quantity >= 0", name="quantities_not_negative"),
        CheckConstraint("unit_price >= 0 AND uplift >= 0", name="price_not_negative"),
        CheckConstraint("until >= since", name="until_after_since"),
        Index("ix_contract_members_establishment_id", "establishment_id"),
        Index("ix_contract_members_organisation_id", "organisation_id"),
    )

    contract_id: Mapped[UUID] = mapped_column(ForeignKey("contracts.id"), primary_key=True)
    establishment_id: Mapped[UUID] = mapped_column(ForeignKey("establishments.id"), primary_key=True)
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"))
    grappe_id: Mapped[UUID | None] = mapped_column(ForeignKey("grappes.id"))
    pooled_quantity: Mapped[int] = mapped_column(BigInteger)
    committed_quantity: Mapped[int] = mapped_column(BigInteger)
    uplift: Mapped[Decimal] = mapped_column(Numeric(18, 4), default=Decimal(0), server_default="0")
    unit_price: Mapped[Decimal] = mapped_column(Numeric(18, 4))
    since: Mapped[date]
    until: Mapped[date | None]


class ContractDecision(Model):
    """What was decided of a contract, numbered from 1, with its evidence; never changed."""

    __tablename__ = "contract_decisions"
    __table_args__ = (
        _known("kind", words.DECISIONS),
        CheckConstraint("jsonb_typeof(evidence) = 'object'", name="evidence_is_object"),
    )

    contract_id: Mapped[UUID] = mapped_column(ForeignKey("contracts.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(Text)
    evidence: Mapped[dict[str, Any]] = mapped_column(JSONB)
    reason: Mapped[str | None] = mapped_column(Text)
    decided_at: Mapped[datetime] = moment(now=True)
    decided_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))


FROZEN = (
    "organisation_id", "lot_id", "closing_round", "holder_id", "offer_id", "origin", "holder_selection", "rank",
    "share_percent", "unit", "price_period", "term_months", "pricing", "mobilisation_amount", "regional_uplifts", "grid",
    "pooled_quantity", "concluded_at",
)  # fmt: skip
FROZEN_TERMS = """
CREATE FUNCTION refuse_change_of_contract_terms() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the terms of a contract are frozen'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'contract_terms_are_frozen';
END
$$
"""
FREEZE_TERMS = f"""
CREATE TRIGGER contract_terms_are_frozen BEFORE UPDATE OF {", ".join(FROZEN)} OR DELETE ON contracts
    FOR EACH ROW EXECUTE FUNCTION refuse_change_of_contract_terms()
"""

# Prices and who holds the contract never change; bounds and dates do, by amendments that say so.
for _statement in (FROZEN_TERMS, FREEZE_TERMS):
    event.listen(Contract.__table__, "after_create", DDL(_statement))
for _statement in (REFUSE_FUNCTION, refuse_changes("contract_decisions")):
    event.listen(ContractDecision.__table__, "after_create", DDL(_statement))
