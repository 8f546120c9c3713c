"""The only place that knows what time it is; tests and the scheduler inject another."""
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

PARIS = ZoneInfo("Europe/Paris")

_source: ContextVar[Callable[[], datetime] | None] = ContextVar("clock_source", default=None)


def now() -> datetime:
    """The present moment, aware, in UTC."""
    source = _source.get()
    return source() if source is not None else datetime.now(UTC)


def today() -> date:
    """The present day on the wall in Paris: dates of the trade (certificates, terms) are Paris days."""
    return now().astimezone(PARIS).date()


def paris(moment: datetime) -> datetime:
    """The same moment on the wall clock in Paris."""
    return moment.astimezone(PARIS)


@contextmanager
def frozen_at(moment: datetime) -> Iterator[None]:
    """Make `now()` answer `moment` (aware) inside the block."""
    if moment.tzinfo is None:
        raise ValueError("a moment needs a time zone")
    fixed = moment.astimezone(UTC)
    token = _source.set(lambda: fixed)
    try:
        yield
    finally:
        _source.reset(token)
