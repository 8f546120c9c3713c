"""Which handler delivers which kind of outbox row."""
from collections.abc import Callable
from typing import Any

Handler = Callable[[dict[str, Any]], None]

_handlers: dict[str, Handler] = {}


def handle(kind: str, deliver: Handler) -> None:
    """Register the handler of a kind: called with the payload, outside any transaction, at least once.

    It opens its own transaction when it writes. Raising means "not delivered": it is tried again later.
    """
    _handlers[kind] = deliver


def handler_of(kind: str) -> Handler:
    """The handler of a kind; LookupError when the room that owns it registered none."""
    try:
        return _handlers[kind]
    except KeyError:
        raise LookupError(f"no handler for outbox kind {kind!r}") from None
