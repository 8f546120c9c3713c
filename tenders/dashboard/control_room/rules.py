"""In which order lots are shown, which are asked for, how bars are drawn, and when a week's summary is due."""
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from fractions import Fraction

from marketplace.platform.clock import paris

SORTS = ("closing", "distance")
MET = ("met", "short")
SUMMARY_HOUR = time(7)


def distance_key(lacking: int | None, minimum: int | None, short_grappes: int, grappes: int) -> Fraction:
    """How far a lot is from its minimum, as a share of it, negated so that the farthest sorts first.

    With a minimum for each grappe: the share of grappes short of it.
    """
    if lacking is None:
        return -Fraction(short_grappes, grappes or 1)
    return -Fraction(lacking, minimum or 1)


def wanted(met: str | None, is_short: bool, has_minimum: bool) -> bool:
    """Whether a lot passes the filter on its minimum: `met`, `short`, or (None) either."""
    if met == "met":
        return has_minimum and not is_short
    return is_short if met == "short" else True


@dataclass(frozen=True)
class Bar:
    """A bar of a chart: `x`, `width` and the label's `middle` in per cent; `top` and `height` in pixels."""

    x: float
    width: float
    middle: float
    top: float
    height: float


def bars(values: Sequence[int], height: float = 120, gap: float = 0.25) -> list[Bar]:
    """Bars side by side under a common scale that begins at nothing; what is not nothing is at least 2 pixels high."""
    step, highest = 100 / max(1, len(values)), max([*values, 1])
    drawn = []
    for place, value in enumerate(values):
        tall = max(2.0, height * value / highest) if value else 0.0
        x = place * step + step * gap / 2
        drawn.append(Bar(round(x, 3), round(step * (1 - gap), 3), round((place + 0.5) * step, 3), height - tall, tall))
    return drawn


def weeks_until(today: date, count: int) -> list[date]:
    """The Mondays of the last `count` weeks, the running one last."""
    monday = today - timedelta(days=today.weekday())
    return [monday - timedelta(weeks=back) for back in range(count - 1, -1, -1)]


def summary_week(now: datetime) -> date | None:
    """The week (its Monday) whose summary is due: from Monday 7 h in Paris on; None before."""
    wall = paris(now)
    if wall.weekday() == 0 and wall.time() < SUMMARY_HOUR:
        return None
    return wall.date() - timedelta(days=wall.weekday())
