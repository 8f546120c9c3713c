"""Which conditional needs stay: the largest set in which every pool condition holds (domain §4b.6a)."""
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True)
class Dropped:
    """Why a need left: it asked for `threshold` units; the pool had `sums_seen[0]`, and `sums_seen[-1]` at the end.

    `departures` needs had left before it, because their own conditions did not hold.
    """

    threshold: int
    sums_seen: tuple[int, ...]
    departures: int


@dataclass(frozen=True)
class ConsistentSet(Generic[Key]):
    """What is left: `total` units; `dropped` says for every need that left why."""

    total: int
    dropped: dict[Key, Dropped]


def largest_consistent_set(needs: Iterable[tuple[Key, int, int | None]]) -> ConsistentSet[Key]:
    """Keep as many needs as can be kept together; `needs` are (key, quantity, threshold or None).

    Start with all; drop every one whose threshold exceeds the sum still in, its own quantity included; repeat. A set
    closed under this is unique and the largest, whatever the order (thresholds only ever exclude from above), so the
    thresholds are sorted once and walked down: O(n log n).
    """
    everybody = list(needs)
    total = sum(quantity for _, quantity, _ in everybody)
    asking = sorted(
        ((threshold, key, quantity) for key, quantity, threshold in everybody if threshold is not None),
        key=lambda item: -item[0],
    )
    dropped: dict[Key, Dropped] = {}
    sums = [total]
    place = 0
    while place < len(asking) and asking[place][0] > total:
        left_before, remaining = place, total
        while place < len(asking) and asking[place][0] > total:
            threshold, key, quantity = asking[place]
            dropped[key] = Dropped(threshold, _seen(sums), left_before)
            remaining -= quantity
            place += 1
        total = remaining
        sums.append(total)
    return ConsistentSet(total, dropped)


def _seen(sums: list[int]) -> tuple[int, ...]:
    """The first sum and the last: all that a sentence tells, whatever the number of rounds."""
    return (sums[0],) if len(sums) == 1 else (sums[0], sums[-1])
