"""Announcements: how a lower room causes, or asks for, something above it without naming it (architecture §5b)."""
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session


@dataclass(frozen=True)
class Announcement:
    """Base of every event type: a frozen dataclass of ids and plain values."""


Step = Callable[[Session, Any], Any]
_listeners: dict[type[Announcement], list[Step]] = defaultdict(list)


def listen(event_type: type[Announcement], step: Step) -> None:
    """Register a step of a higher room; registering it twice changes nothing."""
    if step not in _listeners[event_type]:
        _listeners[event_type].append(step)


def announce(session: Session, event: Announcement) -> None:
    """Run every listener in the announcer's transaction; a listener may raise RuleBroken to refuse."""
    for step in _listeners[type(event)]:
        step(session, event)


def ask(session: Session, question: Announcement) -> list[Any]:
    """Run every listener and collect what they answer; each answers with a list."""
    return [answer for step in _listeners[type(question)] for answer in step(session, question)]


def listeners() -> dict[type[Announcement], list[Step]]:
    """Every announcement with its listeners, for the test that lists them."""
    return {event: list(steps) for event, steps in _listeners.items()}
