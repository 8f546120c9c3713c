"""What the order pages read from people and prepare for them: figures, days, carts by organisation, acts, timelines."""
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from marketplace.platform.errors import N_
from marketplace.platform.permissions import Actor, allowed
from tenders.contracts.ordering.models import CallOff
from tenders.contracts.ordering.queries.desk import ShownCartLine
from tenders.contracts.ordering.rules import states
from tenders.contracts.ordering.rules.approving import waits_for_another

ACTS = {
    "approve": ("call_off.approve", "own"), "reject": ("call_off.approve", "own"), "cancel": ("call_off.cancel", "own"),
    "answer": ("call_off.answer", "provider"), "deliver": ("call_off.answer", "provider"),
    "certify": ("call_off.certify", "own"), "dispute": ("call_off.dispute", "own"), "resolve": ("call_off.resolve", "own"),
}  # fmt: skip
"""Act → permission and the relation it is asked for (a centre may settle a contest too)."""

STEPS = {
    "placed_at": (N_("Commande passée"), "placed_by", None), "approved_at": (N_("Approuvée et envoyée"), "approved_by", None),
    "rejected_at": (N_("Non approuvée"), "rejected_by", "reject_reason"),
    "answered_at": (N_("Réponse du titulaire"), "answered_by", "answer_reason"),
    "delivered_at": (N_("Livraison déclarée"), "delivered_by", None),
    "disputed_at": (N_("Livraison contestée"), "disputed_by", "dispute_reason"),
    "resolved_at": (N_("Contestation réglée"), "resolved_by", "resolution"),
    "certified_at": (N_("Service fait certifié"), "certified_by", None),
    "cancelled_at": (N_("Annulée"), "cancelled_by", "cancel_reason"),
}  # fmt: skip
"""Date of an order → what happened, who did it, and the column of its reason."""


@dataclass(frozen=True)
class Step:
    """One line of a timeline. `who` None: somebody of another organisation, whose name is not told."""

    what: str
    at: datetime
    who: str | None
    reason: str | None


@dataclass(frozen=True)
class OwnCart:
    """What waits in one organisation's cart; euros of what can be priced."""

    organisation_id: UUID
    name: str
    lines: tuple[ShownCartLine, ...]

    @property
    def is_too_much(self) -> bool:
        """Whether a line asks for more than is left."""
        return any(line.is_too_much for line in self.lines)

    @property
    def excl_vat(self) -> Decimal:
        """Euros excluding VAT."""
        return sum((line.price.amount for line in self.lines if line.price), Decimal(0))

    @property
    def incl_vat(self) -> Decimal:
        """Euros including VAT."""
        return sum((line.price.amount_incl_vat for line in self.lines if line.price), Decimal(0))


def own_organisations(actor: Actor) -> list[tuple[UUID, str]]:
    """The care operators the reader sits in, by name."""
    seats = {seat.organisation_id: seat.name for seat in actor.seats if seat.kind == "care_operator"}
    return sorted(seats.items(), key=lambda seat: (seat[1], str(seat[0])))


def by_organisation(actor: Actor, lines: Sequence[ShownCartLine]) -> list[OwnCart]:
    """The carts with something in them, by name of the organisation: each is ordered by itself."""
    carts = []
    for organisation_id, name in own_organisations(actor):
        own = tuple(line for line in lines if line.line.organisation_id == organisation_id)
        if own:
            carts.append(OwnCart(organisation_id, name, own))
    return carts


def acts_of(actor: Actor, order: CallOff) -> set[str]:
    """What the reader may do with an order in its state."""
    contract = order.contract
    ids = {"own": order.organisation_id, "provider": contract.holder.organisation_id}
    found = {
        act for act, (action, relation) in ACTS.items()
        if states.may(act, order.status) and allowed(actor, action, **{relation: ids[relation]})
    }  # fmt: skip
    if states.may("resolve", order.status) and allowed(actor, "call_off.resolve", centre=contract.organisation_id):
        found |= {"resolve", "give_up"}
    if waits_for_another(actor.user_id, order.placed_by, order.first_approved_by):
        found.discard("approve")
    return found


def steps_of(order: CallOff, names: Mapping[UUID, str]) -> list[Step]:
    """What happened to an order, the earliest first."""
    facts = {name: getattr(order, name) for name in STEPS}
    steps = []
    for name, at in states.timeline(facts):
        what, who, reason = STEPS[name]
        person = getattr(order, who)
        steps.append(Step(what, at, names.get(person), getattr(order, reason) if reason else None))
    return steps


def whole(written: str, nothing: int = 0) -> int:
    """A whole number as people write it, "1 200" too; `nothing` for anything else, which the use case refuses."""
    plain = "".join(written.split()).replace("\u202f", "").replace("\u00a0", "")
    return int(plain) if plain.isascii() and plain.isdecimal() and len(plain) <= 12 else nothing


def day_of(written: str) -> tuple[date | None, bool]:
    """A day as a date field sends it, None when it is left empty; and whether it is unreadable."""
    if not written.strip():
        return None, False
    try:
        return date.fromisoformat(written.strip()), False
    except ValueError:
        return None, True


def amount_of(written: str, decimals: int = 2) -> tuple[Decimal | None, bool]:
    """An amount as people write it, "1 500,50 €", None when it is left empty; and whether it is unreadable."""
    plain = "".join(written.replace("€", "").split()).replace("\u202f", "").replace("\u00a0", "").replace(",", ".")
    if not plain:
        return None, False
    whole_part, _, cents = plain.partition(".")
    if not (whole_part.isascii() and whole_part.isdecimal() and len(whole_part) <= 12 and len(cents) <= decimals):
        return None, True
    return (None, True) if cents and not (cents.isascii() and cents.isdecimal()) else (Decimal(plain), False)
