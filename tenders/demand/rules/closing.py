"""What a closing decides: who is in, for how much, whether the minimum is reached, and what follows (domain §4b.6)."""
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from marketplace.platform.errors import Sentence
from tenders.demand.rules import closing_sentences as say
from tenders.demand.rules.conditions import ConsistentSet, largest_consistent_set
from tenders.demand.rules.filling import allot, ordered_quantity
from tenders.demand.rules.policy import PolicyChoice, choose_step

GOES_ON = ("extend", "merge")
"""Policy steps after which needs stay where they are: another date, or a vote on joining somebody else."""


@dataclass(frozen=True)
class ClosingTerms:
    """What the lot says, quantities in its unit. `extended_until`: when a round opened by `extend` would close.

    `steps_used`: policy steps that earlier rounds applied. `merge_lots`: other lots that could take the needs over.
    """

    unit: str
    kind: str = "service"
    order_multiple: int = 1
    minimum_kind: str = "none"
    minimum_scope: str = "lot"
    minimum_quantity: int | None = None
    maximum_quantity: int | None = None
    policy: tuple[str, ...] = ()
    steps_used: tuple[str, ...] = ()
    merge_lots: int = 0
    extended_until: datetime | None = None

    @property
    def blocking_minimum(self) -> int | None:
        """The minimum that must be reached: only a contractual one blocks (domain §4b.2)."""
        return self.minimum_quantity if self.minimum_kind == "contractual" else None


@dataclass(frozen=True)
class PooledNeed:
    """A need as the closing sees it. `placed_at` settles ties, then the establishment's id."""

    establishment_id: UUID
    quantity: int
    firmness: str
    placed_at: datetime
    grappe_id: UUID | None = None
    tolerance: int = 0
    status: str = "counted"
    minimum_pool_quantity: int | None = None
    maximum_unit_price: Decimal | None = None


@dataclass(frozen=True)
class Included:
    """A member that gets `quantity` units, and everything it is told."""

    establishment_id: UUID
    quantity: int
    sentences: tuple[Sentence, ...]

    @property
    def code(self) -> str:
        """`subject_to_price` while the price is open, else the code of the first sentence."""
        told = [sentence.code for sentence in self.sentences]
        return "subject_to_price" if "subject_to_price" in told else told[0]


@dataclass(frozen=True)
class Excluded:
    """A member that gets nothing, and why. `stays`: its need goes on in the next round."""

    establishment_id: UUID
    sentence: Sentence
    stays: bool = False


@dataclass(frozen=True)
class GroupDecision:
    """What became of one grappe's needs (None: needs placed without a grappe)."""

    grappe_id: UUID | None
    outcome: str
    ordered_quantity: int


@dataclass(frozen=True)
class Decision:
    """The whole of a closing. `tested_quantity` is what was held against the minimum; `ordered_quantity` what binds."""

    outcome: str
    tested_quantity: int
    ordered_quantity: int
    groups: tuple[GroupDecision, ...]
    included: tuple[Included, ...]
    excluded: tuple[Excluded, ...]
    policy: PolicyChoice | None = None
    warnings: tuple[Sentence, ...] = ()
    merge_hosts: tuple[UUID, ...] = ()
    """Grappes that the others could join to reach the minimum together, when it is one per grappe."""

    @property
    def policy_applied(self) -> str | None:
        """The step of the policy that runs, None when the minimum is reached."""
        return self.policy.step if self.policy else None


@dataclass
class _Scope:
    """One test of the minimum: all needs of the lot, or those of one grappe."""

    grappe_id: UUID | None
    needs: list[PooledNeed]
    consistent: ConsistentSet[UUID]
    kept: list[PooledNeed]
    ordered: int = 0
    met: bool = True
    parts: dict[UUID, int] = field(default_factory=dict)


def decide_closing(terms: ClosingTerms, needs: Iterable[PooledNeed]) -> Decision:
    """Decide a round from every need of the lot, in any order; domain §4b.6 (a) to (f), then §4b.3."""
    by_time = sorted(needs, key=lambda need: (need.placed_at, need.establishment_id))
    counted = [need for need in by_time if need.status == "counted"]
    bystanders = [need for need in by_time if need.status != "counted"]
    scopes = _scopes(terms, counted)
    _fill(terms, scopes)
    minimum = terms.blocking_minimum
    for scope in scopes:
        scope.met = minimum is None or scope.ordered >= minimum
    tested = sum(scope.ordered for scope in scopes)
    missed = minimum is not None and not (scopes and all(scope.met for scope in scopes))
    policy, hosts = None, _merge_hosts(terms, scopes) if missed else ()
    if missed:
        policy = choose_step(
            terms.policy, terms.steps_used, some_group_reached=any(scope.met for scope in scopes),
            can_merge=bool(hosts) if terms.minimum_scope == "grappe" else terms.merge_lots > 0,
        )  # fmt: skip
    goes_on = policy is not None and policy.step in GOES_ON
    for scope in scopes:
        if scope.met and not goes_on:
            wanted = [(need.quantity, need.tolerance) for need in scope.kept]
            ids = [need.establishment_id for need in scope.kept]
            scope.parts = dict(zip(ids, allot(scope.ordered, wanted), strict=True))
    included = tuple(_included(terms, scope) for scope in scopes)
    excluded = [_excluded(terms, scope, policy) for scope in scopes]
    return Decision(
        outcome="not_met" if missed else "met",
        tested_quantity=tested,
        ordered_quantity=sum(sum(scope.parts.values()) for scope in scopes),
        groups=_groups(scopes),
        included=tuple(member for members in included for member in members),
        excluded=tuple(member for members in excluded for member in members) + _bystanders(terms, bystanders, policy),
        policy=policy,
        warnings=_warnings(terms, scopes),
        merge_hosts=hosts,
    )


def _merge_hosts(terms: ClosingTerms, scopes: Sequence[_Scope]) -> tuple[UUID, ...]:
    """Grappes with which all that missed the minimum would reach it: those that did, else any of them."""
    if terms.minimum_scope != "grappe" or len(scopes) < 2:
        return ()
    together = sum(scope.ordered for scope in scopes if not scope.met)
    reached = [scope for scope in scopes if scope.met]
    if not reached and together < (terms.blocking_minimum or 0):
        return ()
    hosts = (scope.grappe_id for scope in reached or scopes)
    return tuple(sorted((grappe_id for grappe_id in hosts if grappe_id is not None), key=str))


def _scopes(terms: ClosingTerms, counted: Sequence[PooledNeed]) -> list[_Scope]:
    pools: dict[UUID | None, list[PooledNeed]] = {} if terms.minimum_scope == "grappe" else {None: []}
    for need in counted:
        key = need.grappe_id if terms.minimum_scope == "grappe" else None
        pools.setdefault(key, []).append(need)
    found = []
    for grappe_id, needs in pools.items():
        consistent = largest_consistent_set(
            (need.establishment_id, need.quantity, need.minimum_pool_quantity) for need in needs
        )
        kept = [need for need in needs if need.establishment_id not in consistent.dropped]
        found.append(_Scope(grappe_id, needs, consistent, kept))
    return found


def _fill(terms: ClosingTerms, scopes: Sequence[_Scope]) -> None:
    """The fill rule per scope; together never above the maximum (then the lower pack, the fewest tolerances first)."""
    multiple, maximum = terms.order_multiple, terms.maximum_quantity
    for scope in scopes:
        scope.ordered = ordered_quantity(scope.consistent.total, 0, multiple)
    in_reach = [scope for scope in scopes if _completed(terms, scope) >= (terms.blocking_minimum or 0)]
    room = None if maximum is None else maximum - sum(scope.ordered for scope in in_reach)
    for scope in sorted(in_reach, key=lambda scope: (-scope.consistent.total % multiple, str(scope.grappe_id))):
        completed = _completed(terms, scope)
        if completed > scope.ordered and (room is None or room >= multiple):
            scope.ordered = completed
            room = None if room is None else room - multiple


def _completed(terms: ClosingTerms, scope: _Scope) -> int:
    tolerance = sum(need.tolerance for need in scope.kept)
    return ordered_quantity(scope.consistent.total, tolerance, terms.order_multiple)


def _included(terms: ClosingTerms, scope: _Scope) -> list[Included]:
    return [
        Included(need.establishment_id, part, say.included(terms, need, part, scope.consistent.total))
        for need in scope.kept
        if (part := scope.parts.get(need.establishment_id, 0)) > 0
    ]


def _excluded(terms: ClosingTerms, scope: _Scope, policy: PolicyChoice | None) -> list[Excluded]:
    found = []
    for need in scope.needs:
        dropped = scope.consistent.dropped.get(need.establishment_id)
        if policy is not None and policy.step in GOES_ON:
            found.append(Excluded(need.establishment_id, _stays(terms, need, scope.ordered, policy.step), stays=True))
        elif dropped is not None:
            found.append(Excluded(need.establishment_id, say.condition_not_met(terms, dropped)))
        elif not scope.met:
            cancelled = policy is not None and policy.step == "cancel"
            found.append(Excluded(need.establishment_id, say.minimum_not_reached(terms, scope.ordered, cancelled)))
        elif not scope.parts.get(need.establishment_id):
            found.append(Excluded(need.establishment_id, say.nothing_left(terms)))
    return found


def _stays(terms: ClosingTerms, need: PooledNeed, tested: int, step: str) -> Sentence:
    return say.extended(terms, need, tested) if step == "extend" else say.merging(terms, need, tested)


def _bystanders(
    terms: ClosingTerms, needs: Sequence[PooledNeed], policy: PolicyChoice | None
) -> tuple[Excluded, ...]:
    """Needs that counted towards nothing; an extension asks them again instead of turning them away."""
    live = [need for need in needs if need.status in say.BYSTANDERS]
    if policy is not None and policy.step in GOES_ON:
        return tuple(Excluded(need.establishment_id, _stays(terms, need, 0, policy.step), stays=True) for need in live)
    return tuple(Excluded(need.establishment_id, say.BYSTANDERS[need.status]) for need in live)


def _groups(scopes: Sequence[_Scope]) -> tuple[GroupDecision, ...]:
    """One line per grappe (and one for needs without): its own test when the minimum is per grappe, else the lot's."""
    ordered: dict[UUID | None, int] = {}
    met: dict[UUID | None, bool] = {}
    for scope in scopes:
        for grappe_id in {need.grappe_id for need in scope.needs}:
            ordered[grappe_id], met[grappe_id] = 0, scope.met
        if scope.parts:
            for need in scope.kept:
                ordered[need.grappe_id] += scope.parts[need.establishment_id]
    lines = sorted(ordered, key=lambda grappe_id: (grappe_id is None, str(grappe_id)))
    return tuple(GroupDecision(key, "met" if met[key] else "not_met", ordered[key]) for key in lines)


def _warnings(terms: ClosingTerms, scopes: Sequence[_Scope]) -> tuple[Sentence, ...]:
    """An indicative minimum warns and nothing more (domain §4b.2)."""
    if terms.minimum_kind != "indicative" or terms.minimum_quantity is None:
        return ()
    return tuple(
        say.indicative_minimum_missed(terms, scope.ordered)
        for scope in scopes
        if scope.ordered < terms.minimum_quantity
    )
