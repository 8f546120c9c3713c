"""A provider's certificates against what relies on them: until when each scheme holds, and what outlasts it."""
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from catalog.certifications.events import RelyingLot
from catalog.certifications.rules.coverage import Period
from catalog.certifications.rules.spans import A_DAY, Span, covered_until, joined
from catalog.certifications.rules.states import HeldCertificate, is_trusted

SHORTEST_YEARS = 1
"""The line shows at least this long, so that one certificate does not fill it."""


@dataclass(frozen=True)
class Line:
    """One bar: `x` and `width` in per cent of the time shown; `gap_x` and `gap_width` the part nothing covers.

    `kind` is scheme, lot or contract; `covered_until` the last day the scheme covers without a hole from today.
    """

    kind: str
    label: str
    ends_on: date
    x: float
    width: float
    covered_until: date | None = None
    gap_x: float = 0
    gap_width: float = 0
    gap_month: int = 0
    months: int = 0
    lot_id: str = ""


@dataclass(frozen=True)
class Year:
    """The first day of a year on the line."""

    year: int
    x: float


@dataclass(frozen=True)
class Timeline:
    """From today to the last day of anything shown; each scheme is followed by what relies on it."""

    starts_on: date
    ends_on: date
    lines: tuple[Line, ...]
    years: tuple[Year, ...]


def timeline(
    held: Iterable[HeldCertificate], relying: Mapping[str, Sequence[RelyingLot]], names: Mapping[str, str], today: date
) -> Timeline | None:
    """The line of the schemes held today by trusted certificates; None when there is none.

    `relying`: by scheme, the open lots and contracts that need it. A renewal that joins what it renews counts with it.
    """
    spans: dict[str, list[Span]] = {}
    for certificate in held:
        if is_trusted(certificate, today) and certificate.ends_on >= today:
            spans.setdefault(certificate.scheme, []).append(Span(certificate.starts_on, certificate.ends_on))
    if not spans:
        return None
    last = [span.ends_on for listed in spans.values() for span in listed]
    last += [lot.ends_on for code in spans for lot in relying.get(code, ())]
    ends_on = max([*last, today.replace(year=today.year + SHORTEST_YEARS, day=min(today.day, 28))])
    scale = _Scale(today, ends_on)
    lines: list[Line] = []
    for code in sorted(spans, key=lambda code: (max(span.ends_on for span in spans[code]), code)):
        until = covered_until(spans[code], today)
        shown = joined(spans[code])[-1]
        x = scale.at(max(shown.starts_on, today))
        lines.append(Line("scheme", names[code], shown.ends_on, x, scale.at(shown.ends_on + A_DAY) - x, until))
        after = sorted(relying.get(code, ()), key=lambda lot: (lot.ends_on, lot.title))
        lines += [_relying(lot, until, scale) for lot in after]
    years = (Year(year, scale.at(date(year, 1, 1))) for year in range(today.year + 1, ends_on.year + 1))
    return Timeline(today, ends_on, tuple(lines), tuple(years))


@dataclass(frozen=True)
class _Scale:
    starts_on: date
    ends_on: date

    def at(self, day: date) -> float:
        """Where a day lies, in per cent."""
        whole = (self.ends_on - self.starts_on).days + 1
        return min(100.0, max(0.0, 100 * (day - self.starts_on).days / whole))


def _relying(lot: RelyingLot, until: date | None, scale: _Scale) -> Line:
    kind = "contract" if lot.contract_id else "lot"
    width = scale.at(lot.ends_on + A_DAY)
    term = Period(scale.starts_on, lot.ends_on)
    if until is not None and until >= lot.ends_on:
        return Line(kind, lot.title, lot.ends_on, 0, width, until, months=term.months, lot_id=str(lot.lot_id))
    x = scale.at(until + A_DAY) if until else 0.0
    return Line(
        kind, lot.title, lot.ends_on, 0, width, until, x, width - x, term.month_of(until) if until else 1, term.months,
        str(lot.lot_id),
    )  # fmt: skip
