"""What an envelope allows, when its centre is warned, and when it will be used up."""
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from math import ceil, sqrt
from statistics import fmean, stdev

from marketplace.platform.errors import N_, RuleBroken, Sentence

KINDS = ("minimum", "maximum", "committed", "called_off", "released", "adjusted")
ENGAGING = ("committed", "released", "adjusted")
"""Kinds whose sum is engaged: what closings committed, less what was released, corrected by hand."""
REASONS = (
    "lot_opened", "lot_closed", "ordered", "lot_cancelled", "vehicle_ended", "correction", "closing_undone", "left_at_award",
    "minimum_missed", "joined_late", "amended",
)  # fmt: skip
THRESHOLDS = (70, 85, 95, 100)
"""Per cent of the maximum at which the centre is warned, once each."""
WEEKS_LOOKED_AT = 12
FEWEST_ENTRIES = 3
FEWEST_WEEKS = 2
FURTHEST = timedelta(days=20 * 365)
"""A date beyond that says no more than "not in sight"."""


@dataclass(frozen=True)
class Balance:
    """Sums of a ledger, in the lot's unit; amounts in euros excluding VAT over the term. None: no such bound.

    `released` is negative or 0, `adjusted` of either sign, `maximum_amount` only where the lot's basis is euros.
    """

    minimum: int | None = None
    maximum: int | None = None
    maximum_amount: Decimal | None = None
    committed: int = 0
    called_off: int = 0
    released: int = 0
    adjusted: int = 0
    engaged_amount: Decimal = Decimal(0)
    called_off_amount: Decimal = Decimal(0)

    @property
    def engaged(self) -> int:
        """What is committed and was not released, corrections included."""
        return self.committed + self.released + self.adjusted

    @property
    def used(self) -> int:
        """What the maximum is held against: commitments, or orders where they went further."""
        return max(self.engaged, self.called_off)

    @property
    def used_amount(self) -> Decimal:
        """The same in euros."""
        return max(self.engaged_amount, self.called_off_amount)

    @property
    def remaining(self) -> int | None:
        """Units left under the maximum; None without one."""
        return None if self.maximum is None else self.maximum - self.used

    @property
    def remaining_amount(self) -> Decimal | None:
        """Euros left under the maximum; None without one in euros."""
        return None if self.maximum_amount is None else self.maximum_amount - self.used_amount


def check_entry(balance: Balance, kind: str, quantity: int, amount: Decimal | None) -> None:
    """Refuse an entry that would go beyond the maximum, or below nothing.

    RuleBroken `envelope_exhausted` with `available` (units): at its maximum an agreement has exhausted its effects
    (domain §4). RuleBroken `envelope_below_zero` for giving back more than there is.
    """
    engaged = balance.engaged + (quantity if kind in ENGAGING else 0)
    called_off = balance.called_off + (quantity if kind == "called_off" else 0)
    if engaged < 0 or called_off < 0:
        raise RuleBroken(
            "envelope_below_zero",
            "L'enveloppe ne peut pas passer sous zéro : {engaged} engagés et {called_off} commandés avant cette écriture. "
            "Réduisez la quantité.",
            engaged=balance.engaged,
            called_off=balance.called_off,
        )
    beyond = balance.maximum is not None and max(engaged, called_off) > balance.maximum
    if quantity > 0 and kind not in ("minimum", "maximum") and (beyond or _beyond_in_euros(balance, kind, amount)):
        raise RuleBroken(
            "envelope_exhausted",
            "Le maximum du lot serait dépassé : il reste {available} unités, {asked} sont demandées. Réduisez la quantité.",
            available=max(0, (balance.maximum or 0) - (called_off - quantity if kind == "called_off" else balance.engaged)),
            asked=quantity,
        )


def _beyond_in_euros(balance: Balance, kind: str, amount: Decimal | None) -> bool:
    if balance.maximum_amount is None or amount is None:
        return False
    before = balance.called_off_amount if kind == "called_off" else balance.engaged_amount
    return before + amount > balance.maximum_amount


def crossed(used: int, maximum: int | None) -> tuple[int, ...]:
    """Thresholds reached, in per cent; none without a maximum."""
    return tuple(each for each in THRESHOLDS if maximum and used * 100 >= each * maximum)


@dataclass(frozen=True)
class Forecast:
    """When an envelope is used up at the pace of the last weeks.

    `code`: no_maximum, exhausted, too_few, not_in_sight or dated. `weekly` units a week, between `slowest` and `fastest`;
    `latest_on` is None when the slow end of the band never gets there.
    """

    code: str
    entries: int = 0
    weeks: int = 0
    weekly: float = 0.0
    slowest: float = 0.0
    fastest: float = 0.0
    expected_on: date | None = None
    earliest_on: date | None = None
    latest_on: date | None = None


def forecast(entries: Iterable[tuple[date, int]], remaining: int | None, today: date) -> Forecast:
    """Day on which `remaining` units are gone, from what was used before: (day, units, positive or negative).

    Method: units a week over the last twelve weeks, at most since the first entry, weeks of nothing included; the rate is
    their mean, and the band two standard errors of what the weeks leave around it. Fewer than three entries, or all
    within one week, tell no pace: `too_few`.
    """
    seen = [(day, quantity) for day, quantity in entries if 0 <= (today - day).days < 7 * WEEKS_LOOKED_AT]
    if remaining is None:
        return Forecast("no_maximum", len(seen))
    if remaining <= 0:
        return Forecast("exhausted", len(seen))
    weeks = max(((today - day).days // 7 + 1 for day, _ in seen), default=0)
    if len(seen) < FEWEST_ENTRIES or weeks < FEWEST_WEEKS:
        return Forecast("too_few", len(seen), weeks)
    used = [0] * weeks
    for day, quantity in seen:
        used[(today - day).days // 7] += quantity
    weekly, error = fmean(used), stdev(used) / sqrt(weeks)
    slowest, fastest = weekly - 2 * error, weekly + 2 * error
    expected = _day_reached(remaining, weekly, today)
    return Forecast(
        "dated" if expected else "not_in_sight", len(seen), weeks, weekly, slowest, fastest,
        expected, _day_reached(remaining, fastest, today), _day_reached(remaining, slowest, today),
    )  # fmt: skip


def _day_reached(remaining: int, weekly: float, today: date) -> date | None:
    if weekly <= 0:
        return None
    days = ceil(remaining / weekly * 7)
    return today + timedelta(days=days) if days <= FURTHEST.days else None


def say_forecast(seen: Forecast, ends_on: date) -> Sequence[Sentence]:
    """The forecast in words, its band and method included."""
    if seen.code == "no_maximum":
        return (Sentence("forecast_no_maximum", N_("Ce lot n'a pas de maximum : rien ne s'épuise.")),)
    if seen.code == "exhausted":
        return (Sentence("forecast_exhausted", N_("Le maximum est atteint : plus aucune commande n'est possible.")),)
    if seen.code == "too_few":
        counted = {"entries": seen.entries, "fewest": FEWEST_ENTRIES, "weeks": WEEKS_LOOKED_AT}
        few = N_(
            "Pas de prévision : il faut {fewest} écritures, réparties sur deux semaines au moins ; il y en a {entries} "
            "depuis {weeks} semaines."
        )
        return (Sentence("forecast_too_few", few, counted),)
    if seen.expected_on is None:
        return (Sentence("forecast_not_in_sight", N_("Au rythme des dernières semaines, le maximum n'est pas en vue.")),)
    values: dict[str, object] = {
        "expected": seen.expected_on, "earliest": seen.earliest_on, "weeks": seen.weeks, "rate": round(seen.weekly),
    }  # fmt: skip
    dated = N_("Au rythme actuel ({rate} par semaine), le maximum serait atteint le {expected}.")
    said = [Sentence("forecast_dated", dated, values)]
    if seen.latest_on is None:
        open_band = N_("Au plus tôt le {earliest} ; sans date au plus tard, tant le rythme des {weeks} semaines varie.")
        said.append(Sentence("forecast_open_band", open_band, values))
    else:
        band = N_("Entre le {earliest} et le {latest}, d'après les écarts des {weeks} dernières semaines.")
        said.append(Sentence("forecast_band", band, {**values, "latest": seen.latest_on}))
    if seen.expected_on > ends_on:
        over = N_("Le marché finit avant, le {ends_on}.")
        said.append(Sentence("forecast_after_end", over, {"ends_on": ends_on}))
    return said
