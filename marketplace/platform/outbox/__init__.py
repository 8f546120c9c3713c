"""The outbox: what must leave the house, written in the act's transaction and delivered after it (architecture §5.4)."""
from marketplace.platform.outbox.dispatching import dispatch_due
from marketplace.platform.outbox.registry import handle
from marketplace.platform.outbox.writing import enqueue, enqueue_many

__all__ = ["dispatch_due", "enqueue", "enqueue_many", "handle"]
