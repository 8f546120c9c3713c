"""Who pays for what lacks to a contractual minimum at the end: never a member who met its share (issue 5, item 3).

Quantities are units of work of the lot. A bound in euros was frozen as a quantity when the lot opened (domain §4b.2), so
that everything here is counted in units, and priced at the end.
"""
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from marketplace.platform.errors import N_, RuleBroken, Sentence
from marketplace.platform.money import CENT, round_cents, split_by_largest_remainder

SHARING_RULES = ("own_only", "pro_rata")
DEFAULT_RULE = "pro_rata"


@dataclass(frozen=True)
class Member:
    """A member at the term: what it committed to, what it consumed, and the group it answers with.

    `group` is its grappe or its organisation, None for a member on its own. `unit_amount`: euros excluding VAT of one unit
    over the term, at the member's own price. `id` decides nothing but ties and the order of lines.
    """

    id: str
    committed: int
    consumed: int
    group: str | None = None
    unit_amount: Decimal = Decimal(0)

    @property
    def shortfall(self) -> int:
        """What lacks to its own commitment."""
        return max(0, self.committed - self.consumed)

    @property
    def surplus(self) -> int:
        """What it consumed beyond its own commitment."""
        return max(0, self.consumed - self.committed)


@dataclass(frozen=True)
class Share:
    """A member's line of the statement.

    `owed` units and `amount` euros excluding VAT for what lacks. `relieved`: units of its own shortfall that it does not
    owe, because others consumed more than they committed to, or because more was committed than the minimum.
    """

    member: Member
    owed: int
    amount: Decimal
    relieved: int


@dataclass(frozen=True)
class Statement:
    """The whole true-up; `lacking` units of the minimum, of which `unattributed` are nobody's commitment."""

    minimum: int
    committed: int
    consumed: int
    lacking: int
    unattributed: int
    amount: Decimal
    shares: tuple[Share, ...]

    @property
    def surplus(self) -> int:
        """What members consumed beyond their own commitments, together."""
        return sum(share.member.surplus for share in self.shares)


def settle(minimum: int, members: Iterable[Member], rules: Mapping[str, str]) -> Statement:
    """The statement of a contract.

    What lacks is shared in two steps, so that a grappe's members first help each other as their charter says: between
    groups (a grappe, or a member on its own) pro rata to each group's shortfall, then inside each group by its rule.
    `rules`: sharing rule by group (`own_only`, `pro_rata`; by default `pro_rata`). The order of the members changes
    nothing. The total is rounded once; its cents go to the largest remainders. ValueError for negative figures.
    """
    known = sorted(members, key=lambda member: member.id)
    if minimum < 0 or any(min(member.committed, member.consumed) < 0 or member.unit_amount < 0 for member in known):
        raise ValueError("quantities and prices are not negative")
    consumed, committed = sum(member.consumed for member in known), sum(member.committed for member in known)
    lacking = max(0, minimum - consumed)
    owed = _owed(minimum, known, rules)
    exact = [units * member.unit_amount for units, member in zip(owed, known, strict=True)]
    amount = round_cents(sum(exact, Decimal(0)))
    cents = split_by_largest_remainder(int(amount / CENT), exact) if amount else [0] * len(known)
    shares = tuple(
        Share(member, units, part * CENT, member.shortfall - units)
        for member, units, part in zip(known, owed, cents, strict=True)
    )
    return Statement(minimum, committed, consumed, lacking, lacking - sum(owed), amount, shares)


def _owed(minimum: int, members: Sequence[Member], rules: Mapping[str, str]) -> list[int]:
    groups: dict[str, list[int]] = {}
    for place, member in enumerate(members):
        groups.setdefault(member.group or f"member {member.id}", []).append(place)
    names = sorted(groups)
    sums = [
        Member(name, sum(members[i].committed for i in groups[name]), sum(members[i].consumed for i in groups[name]))
        for name in names
    ]
    owed = [0] * len(members)
    for group, units in zip(sums, share_shortfall(minimum, sums, DEFAULT_RULE), strict=True):
        places = groups[group.id]
        own = [members[place] for place in places]
        rule = rules.get(group.id, DEFAULT_RULE)
        for place, part in zip(places, share_shortfall(group.consumed + units, own, rule), strict=True):
            owed[place] = part
    return owed


def share_shortfall(minimum: int, members: Sequence[Member], rule: str) -> list[int]:
    """Units each member owes of what lacks to a minimum; whole units by largest remainder, ties to the first.

    `pro_rata`: to what lacks to each one's own commitment; what others consumed beyond theirs relieves everybody who
    missed. `own_only`: to what lacks to each one's part of the minimum itself, so that a member who consumed its part owes
    nothing, even below its commitment. Never more than the member's own shortfall; what is nobody's commitment is nobody's.
    """
    lacking = max(0, minimum - sum(member.consumed for member in members))
    committed = [member.committed for member in members]
    gaps = [member.shortfall for member in members]
    if rule == "own_only" and minimum < sum(committed):
        parts = split_by_largest_remainder(minimum, committed)
        gaps = [max(0, part - member.consumed) for part, member in zip(parts, members, strict=True)]
    shared = min(lacking, sum(gaps))
    return split_by_largest_remainder(shared, gaps) if shared else [0] * len(members)


def check_can_settle(*, over: bool, open_orders: int) -> None:
    """Refuse a true-up before the term, or with orders still on their way."""
    if not over:
        raise RuleBroken(
            "contract_not_over", "Le marché n'est pas terminé : le décompte se fait à son terme, quand tout est consommé."
        )
    if open_orders:
        raise RuleBroken(
            "orders_still_open",
            "{orders} commandes attendent encore leur service fait ou leur refus : terminez-les, puis faites le décompte.",
            orders=open_orders,
        )


def say_share(committed: int, consumed: int, owed: int, *, unit: Sentence, amount: Sentence) -> Sentence:
    """A member's result in one sentence: fact, consequence."""
    values = {"consumed": consumed, "committed": committed, "owed": owed, "unit": unit, "amount": amount,
              "surplus": consumed - committed}  # fmt: skip
    if owed:
        said = N_("{consumed} {unit} consommés sur {committed} engagés : {owed} à régler, soit {amount} HT.")
        return Sentence("share_owed", said, values)
    if consumed < committed:
        said = N_(
            "{consumed} {unit} consommés sur {committed} engagés : rien à régler, le minimum commun est atteint pour vous."
        )
        return Sentence("share_relieved", said, values)
    if consumed > committed:
        said = N_("{consumed} {unit} consommés pour {committed} engagés, {surplus} de plus : rien à régler.")
        return Sentence("share_surplus", said, values)
    return Sentence("share_met", N_("{consumed} {unit} consommés, comme engagé : rien à régler."), values)
