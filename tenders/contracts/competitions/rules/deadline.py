"""Until when holders may answer: long enough for them, before the delivery that is asked for."""
from datetime import date, datetime, timedelta

from marketplace.platform.errors import RuleBroken


def earliest_close(opened_at: datetime, answer_days: int) -> datetime:
    """The first deadline allowed: so many full days of 24 hours after the opening."""
    return opened_at + timedelta(days=answer_days)


def _next_minute(moment: datetime) -> datetime:
    """The first whole minute from a moment on: what can be typed, and is enough."""
    whole = moment.replace(second=0, microsecond=0)
    return whole if whole == moment else whole + timedelta(minutes=1)


def check_deadline(opened_at: datetime, closes_at: datetime, answer_days: int, *, closes_on: date, starts_on: date) -> None:
    """Refuse a deadline that leaves too little time, or falls after the delivery asked for; `closes_on` is its Paris day.

    RuleBroken `answer_deadline_too_short` with `earliest`, `answer_deadline_too_late`.
    """
    earliest = earliest_close(opened_at, answer_days)
    if closes_at < earliest:
        raise RuleBroken(
            "answer_deadline_too_short",
            "Laissez aux titulaires un délai suffisant (jours pleins sur ce marché : {days}), donc pas avant le {earliest}.",
            field="closes_at", days=answer_days, earliest=_next_minute(earliest),
        )  # fmt: skip
    if closes_on > starts_on:
        raise RuleBroken(
            "answer_deadline_too_late",
            "La livraison est demandée le {starts_on} : fixez la fin des réponses avant, ou demandez une livraison plus tard.",
            field="starts_on", starts_on=starts_on,
        )  # fmt: skip
