"""Deciding a closing of 10,000 members, half of them with conditions, beside one sort of the same needs."""
import random
import timeit
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any
from uuid import UUID

from tenders.demand.rules.closing import ClosingTerms, PooledNeed, decide_closing
from tenders.demand.rules.conditions import largest_consistent_set
from tests.bench.environment import Environment, row

MEMBERS = 10_000
ROUNDS = 15
TARGET = 20.0
NOON = datetime(2027, 6, 12, 10, tzinfo=UTC)
TERMS = ClosingTerms(
    unit="endpoint", kind="support", order_multiple=50, minimum_kind="contractual", minimum_quantity=100_000,
    policy=("release",),
)  # fmt: skip


def make_needs(members: int) -> list[PooledNeed]:
    """Needs in a chance order; conditions chain downwards, so that dropping one member drops the next."""
    chance = random.Random(20)
    needs = [_need(number, members, chance) for number in range(1, members + 1)]
    chance.shuffle(needs)
    return needs


def _need(number: int, members: int, chance: random.Random) -> PooledNeed:
    quantity = chance.randint(1, 200)
    wanted = chance.randint(1, 110 * members) if number % 2 else None
    return PooledNeed(
        UUID(int=number), quantity, "conditional" if wanted else "firm", NOON + timedelta(seconds=chance.randint(0, 10**6)),
        tolerance=quantity // 10, minimum_pool_quantity=wanted,
    )  # fmt: skip


def run(environment: Environment) -> list[dict[str, Any]]:
    """The whole decision with every member's sentence, and the conditions alone, each against the sort."""
    members = MEMBERS // 10 if environment.quick else MEMBERS
    needs = make_needs(members)
    asked = [(need.establishment_id, need.quantity, need.minimum_pool_quantity) for need in needs]
    sort = timed(lambda: sorted(needs, key=lambda need: (need.placed_at, need.establishment_id)))
    decision = timed(lambda: decide_closing(TERMS, needs))
    conditions = timed(lambda: largest_consistent_set(asked))
    lines = []
    for name, seconds in {"closing_decision_vs_sort": decision, "closing_conditions_vs_sort": conditions}.items():
        ratio = seconds / sort
        lines.append(row(name, ratio, "times", f"≤ {TARGET:g} × one sort, {members} members", ratio <= TARGET))
    return lines


def timed(act: Callable[[], object]) -> float:
    """Median seconds of one call; the cyclic collector waits, as in timeit: its time is the rest of the process's."""
    return median(timeit.repeat(act, number=1, repeat=ROUNDS))
