"""Spans of days, both ends included: what is covered without a hole."""
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

A_DAY = timedelta(days=1)


@dataclass(frozen=True, order=True)
class Span:
    """From a day to a day, both included; empty when it ends before it starts."""

    starts_on: date
    ends_on: date


def joined(spans: Iterable[Span]) -> list[Span]:
    """The same days as ascending spans that neither touch nor overlap: a renewal joins what it renews."""
    kept: list[Span] = []
    for span in sorted(spans):
        if span.ends_on < span.starts_on:
            continue
        if kept and span.starts_on - kept[-1].ends_on <= A_DAY:
            kept[-1] = Span(kept[-1].starts_on, max(kept[-1].ends_on, span.ends_on))
        else:
            kept.append(span)
    return kept


def common(first: Iterable[Span], second: Iterable[Span]) -> list[Span]:
    """The days that are in both."""
    others = list(second)
    return joined(Span(max(a.starts_on, b.starts_on), min(a.ends_on, b.ends_on)) for a in first for b in others)


def covered_until(spans: Iterable[Span], day: date) -> date | None:
    """The last day covered without a hole from this day on; None when the day itself is not covered."""
    for span in joined(spans):
        if span.starts_on <= day <= span.ends_on:
            return span.ends_on
    return None
