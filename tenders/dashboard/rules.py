"""What a page may show of a volume, in which order things are to be done, and how a deadline reads."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from marketplace.platform.clock import paris
from marketplace.platform.errors import N_, Sentence

FEWEST_ESTABLISHMENTS = 3
LARGEST_SHARE_PERCENT = 80
MOST_TODOS = 5


def shown_volume(total: int, establishments: int, largest: int) -> int | None:
    """A volume as an outsider may see it: None (masked) below three establishments or when one holds over 80 %.

    Source: ux.md, who sees what; domain §4b.15. Nothing at all (no establishment) is not a secret: 0.
    """
    if establishments == 0:
        return 0
    if establishments < FEWEST_ESTABLISHMENTS or largest * 100 > LARGEST_SHARE_PERCENT * total:
        return None
    return total


@dataclass(frozen=True)
class Todo:
    """A thing to do: by when, what, where, and what happens otherwise. `due` None sorts last."""

    what: Sentence
    otherwise: Sentence
    endpoint: str
    url_values: tuple[tuple[str, object], ...] = ()
    due: datetime | None = None


def first_todos(todos: Iterable[Todo]) -> list[Todo]:
    """The five most urgent, the earliest deadline first; those without a deadline keep their order at the end."""
    listed = list(todos)
    dated = sorted((todo for todo in listed if todo.due is not None), key=lambda todo: todo.due)  # type: ignore[arg-type,return-value]
    return [*dated, *(todo for todo in listed if todo.due is None)][:MOST_TODOS]


def days_between(now: datetime, deadline: datetime) -> int:
    """Nights between now and a deadline on the wall in Paris; negative once its day is past."""
    return (paris(deadline).date() - paris(now).date()).days


def countdown(now: datetime, deadline: datetime | None) -> Sentence:
    """How far a deadline is, in words: today with its hour, tomorrow, in so many days, or since when it is past."""
    if deadline is None:
        return Sentence("no_deadline", N_("quand vous voulez"))
    if deadline <= now:
        return Sentence("past", N_("échéance passée"))
    days = days_between(now, deadline)
    wall = paris(deadline)
    if days == 0:
        hour = {"hour": wall.hour, "minute": f"{wall.minute:02d}"}
        return Sentence("today", N_("aujourd'hui, {hour} h {minute}"), hour)
    if days == 1:
        return Sentence("tomorrow", N_("demain"))
    return Sentence("in_days", N_("dans {days} jours"), {"days": days})


def month_of_term(starts_on: date, day: date) -> int:
    """In which month of a term a day falls, counted from 1 (a certificate "expires in month 7")."""
    months = (day.year - starts_on.year) * 12 + day.month - starts_on.month
    return months + (0 if day.day < starts_on.day else 1)


def closes_soon(now: datetime, closes_at: datetime, within_days: int = 15) -> bool:
    """Whether a collection of needs closes within so many days."""
    return now < closes_at <= now + timedelta(days=within_days)
