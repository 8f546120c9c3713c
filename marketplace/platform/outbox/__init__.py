"""The outbox: what must leave the house, written in the act's transaction and delivered after it (architecture §5.4)."""
from marketplace.platform.outbox.registry import handle
from marketplace.platform.outbox.writing import enqueue

__all__ = ["enqueue", "handle"]
