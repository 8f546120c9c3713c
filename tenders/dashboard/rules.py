"""What a page may show of a volume, in which order things are to be done, and how a deadline reads."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

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
class Volume:
    """A volume to show to an outsider: units, how many establishments they come from, and the largest of them."""

    total: int
    establishments: int
    largest: int


def shown_row(volumes: Mapping[str, Volume]) -> dict[str, int | None]:
    """The volumes of one line that also shows, or lets guess, its sum: None where masked.

    A single masked volume could be found by subtraction: the smallest of the others is then masked with it.
    """
    shown = {key: shown_volume(one.total, one.establishments, one.largest) for key, one in volumes.items()}
    masked = [key for key, value in shown.items() if value is None]
    visible = [key for key, value in shown.items() if value]
    if len(masked) == 1 and visible:
        shown[min(visible, key=lambda key: (shown[key], key))] = None
    return shown


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
        return Sentence("no_deadline", N_("sans échéance"))
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


def closes_soon(now: datetime, closes_at: datetime, within_days: int = 15) -> bool:
    """Whether a collection of needs closes within so many days."""
    return now < closes_at <= now + timedelta(days=within_days)
