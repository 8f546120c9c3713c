"""How many months of a contract are charged: those of its lot's term, and those that amendments add by moving its last day."""
from dataclasses import dataclass
from datetime import date

from catalog.offers.rules import periods


def begun_months(starts_on: date, ends_on: date) -> int:
    """Months from a day to another, both included, a begun one counted whole; 0 backwards. Days are Paris days."""
    if starts_on > ends_on:
        return 0
    months = (ends_on.year - starts_on.year) * 12 + ends_on.month - starts_on.month + 1
    return months - 1 if ends_on.day < starts_on.day else months


@dataclass(frozen=True)
class Term:
    """A contract's term as concluded: its lot's `months`, of which no more are charged, and its own first and last day."""

    starts_on: date
    first_ends_on: date
    months: int
    price_period: str

    @property
    def periods(self) -> int:
        """How often the price falls due over the lot's term: what mobilisation was spread over (domain §4b.1)."""
        return periods(self.months, self.price_period)

    def months_until(self, ends_on: date) -> int:
        """The most months charged once the last day is this one: an extension adds its own to those of the lot's term."""
        added = begun_months(self.starts_on, ends_on) - begun_months(self.starts_on, self.first_ends_on)
        return self.months + max(0, added)

    def periods_until(self, ends_on: date) -> int:
        """How often the price of an order delivered from the first day falls due up to this last day."""
        return periods(min(begun_months(self.starts_on, ends_on), self.months_until(ends_on)), self.price_period)
