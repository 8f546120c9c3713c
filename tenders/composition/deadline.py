"""How long a composition may still take."""
import time
from collections.abc import Callable
from dataclasses import dataclass
from math import inf


@dataclass(frozen=True, slots=True)
class Deadline:
    """A moment on the monotonic clock; `is_cancelled` may end everything earlier."""

    at: float = inf
    is_cancelled: Callable[[], bool] | None = None

    @classmethod
    def within(cls, seconds: float, is_cancelled: Callable[[], bool] | None = None) -> "Deadline":
        """So many seconds from now."""
        return cls(time.monotonic() + seconds, is_cancelled)

    def left(self) -> float:
        """Seconds left, 0 when over."""
        return 0.0 if self.is_cancelled is not None and self.is_cancelled() else max(0.0, self.at - time.monotonic())

    def is_over(self) -> bool:
        """Whether the time is up."""
        return self.left() <= 0

    def part(self, share: float) -> "Deadline":
        """A deadline that leaves the rest of the time to what comes after."""
        return self if self.at == inf else Deadline(time.monotonic() + share * self.left(), self.is_cancelled)
