"""The vocabulary all three packages share: service categories and the plan's priority domains, as editable rows."""
from sqlalchemy import CheckConstraint, ForeignKey, Text
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.categories.units import PRICE_PERIODS, UNITS
from marketplace.platform.database import Model, sql_list


def _among(column: str, words: tuple[str, ...]) -> str:
    return f"{column} IN ({sql_list(words)})"


class PriorityDomain(Model):
    """A domain of the plan; every category, lot, call and milestone belongs to one (domain §4b.16)."""

    __tablename__ = "priority_domains"

    code: Mapped[str] = mapped_column(Text, primary_key=True)
    name_fr: Mapped[str] = mapped_column(Text)
    name_en: Mapped[str] = mapped_column(Text)
    position: Mapped[int] = mapped_column(default=0, server_default="0")

    def name_in(self, locale: str) -> str:
        """The name in the reader's language."""
        return self.name_en if locale.startswith("en") else self.name_fr


class ServiceCategory(Model):
    """What may be bought together, with the unit it is counted in and the usual price period.

    The unit never changes (pools and prices count in it); names, CPV and domain may be edited by the operator.
    """

    __tablename__ = "service_categories"
    __table_args__ = (
        CheckConstraint(_among("unit", tuple(UNITS)), name="unit_known"),
        CheckConstraint(_among("price_period", PRICE_PERIODS), name="price_period_known"),
        # CPV: eight digits, a hyphen, the check digit (regulation (EC) 213/2008).
        CheckConstraint("cpv ~ '^[0-9]{8}-[0-9]$'", name="cpv_has_its_check_digit"),
    )

    code: Mapped[str] = mapped_column(Text, primary_key=True)
    name_fr: Mapped[str] = mapped_column(Text)
    name_en: Mapped[str] = mapped_column(Text)
    unit: Mapped[str] = mapped_column(Text)
    price_period: Mapped[str] = mapped_column(Text)
    cpv: Mapped[str] = mapped_column(Text)
    domain_code: Mapped[str] = mapped_column(ForeignKey("priority_domains.code"))
    position: Mapped[int] = mapped_column(default=0, server_default="0")
    version: Mapped[int] = mapped_column(default=1, server_default="1")

    def name_in(self, locale: str) -> str:
        """The name in the reader's language."""
        return self.name_en if locale.startswith("en") else self.name_fr
