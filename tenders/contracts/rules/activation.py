"""Whether a contract may start: it is signed, and a contractual minimum is reached by what was committed (domain §4b.6f)."""
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from marketplace.platform.errors import RuleBroken


@dataclass(frozen=True)
class CommittedPart:
    """What one member brings to the pool: units committed at the closing, tolerance included, and by which grappe."""

    establishment_id: UUID
    quantity: int
    grappe_id: UUID | None = None


@dataclass(frozen=True)
class Tested:
    """One test of the minimum: of the whole lot (`grappe_id` None), or of one grappe."""

    grappe_id: UUID | None
    committed: int
    is_met: bool


@dataclass(frozen=True)
class Activation:
    """The answer with its evidence. `minimum` None: nothing blocks. `tests` is empty when nothing was to be reached."""

    is_met: bool
    committed: int
    minimum: int | None
    scope: str
    tests: tuple[Tested, ...]
    members: tuple[CommittedPart, ...]

    @property
    def missing(self) -> int:
        """Units that lack where most of them lack; 0 when the minimum is reached."""
        return max((self.minimum - test.committed for test in self.tests if not test.is_met), default=0) if self.minimum else 0


def activation(minimum: int | None, scope: str, members: Iterable[CommittedPart]) -> Activation:
    """Hold what is committed against a contractual minimum: of the lot, or of each grappe (scope `grappe`).

    Exactly the minimum is enough. Without members a minimum is never reached.
    """
    parts = tuple(sorted(members, key=lambda part: str(part.establishment_id)))
    committed = sum(part.quantity for part in parts)
    if minimum is None:
        return Activation(True, committed, None, scope, (), parts)
    sums: dict[UUID | None, int] = {} if scope == "grappe" and parts else {None: 0}
    for part in parts:
        key = part.grappe_id if scope == "grappe" else None
        sums[key] = sums.get(key, 0) + part.quantity
    tests = tuple(Tested(key, total, total >= minimum) for key, total in sorted(sums.items(), key=lambda each: str(each[0])))
    return Activation(all(test.is_met for test in tests), committed, minimum, scope, tests, parts)


def check_waiting(status: str) -> None:
    """Refuse to decide of a contract that no longer waits for it: RuleBroken `contract_not_waiting`."""
    if status != "concluded":
        raise RuleBroken(
            "contract_not_waiting",
            "Ce contrat n'attend plus son activation : rouvrez sa page pour voir où il en est.",
            contract_status=status,
        )


def check_activation(status: str, *, is_signed: bool) -> None:
    """Refuse to activate what is not signed, or no longer waits: RuleBroken `contract_not_signed`, `contract_not_waiting`."""
    check_waiting(status)
    if not is_signed:
        raise RuleBroken(
            "contract_not_signed",
            "Déposez d'abord le contrat signé (PDF) avec sa date de signature : rien ne s'active sans lui.",
            field="signed_on",
        )
