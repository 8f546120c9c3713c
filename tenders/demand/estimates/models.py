"""The ratios between an IT estate and a need, as rows that the operator edits."""
from decimal import Decimal

from sqlalchemy import CheckConstraint, ForeignKey, Numeric, Text
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.establishments.rules import ACTIVITY_LEVELS, SIZE_BANDS
from marketplace.platform.database import Model, sql_list
from tenders.demand.estimates.rules import ANY, BASES


class EstimateRatio(Model):
    """Units of a category for each unit of `basis` in the estate, by profile; `any` speaks for every other profile."""

    __tablename__ = "estimate_ratios"
    __table_args__ = (
        CheckConstraint(f"size_band IN ({sql_list((ANY, *SIZE_BANDS))})", name="size_band_known"),
        CheckConstraint(f"activity_level IN ({sql_list((ANY, *ACTIVITY_LEVELS))})", name="activity_level_known"),
        CheckConstraint(f"basis IN ({sql_list(BASES)})", name="basis_known"),
        CheckConstraint("ratio > 0", name="ratio_positive"),
    )

    category_code: Mapped[str] = mapped_column(ForeignKey("service_categories.code"), primary_key=True)
    size_band: Mapped[str] = mapped_column(Text, primary_key=True)
    activity_level: Mapped[str] = mapped_column(Text, primary_key=True)
    basis: Mapped[str] = mapped_column(Text)
    ratio: Mapped[Decimal] = mapped_column(Numeric(12, 4))
    version: Mapped[int] = mapped_column(default=1, server_default="1")
