"""What a reader may see of the offers of a mini-competition: the one place that unseals them.

Until the deadline a holder sees its own answer and nobody sees any other, nor whether there is one; not even those who
ask. After it, those who ask and the centre see all of them; a holder its own, and at the award its place, scores and reason.
"""
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from marketplace.platform.errors import Sentence
from marketplace.platform.facts import unpack
from marketplace.platform.permissions import Actor
from tenders.contracts.competitions.models import Competition, CompetitionOffer
from tenders.contracts.competitions.rules.criteria import Criterion
from tenders.contracts.ordering.rules.pricing import Price, price


@dataclass(frozen=True)
class SeenOffer:
    """A holder that was asked, with its answer where the reader may see it (`answer` None: it may not).

    `price`: the order at that offer. `reads_scores`: what those who ask noted is theirs until the award.
    """

    contract_id: UUID
    holder: str
    is_own: bool
    periods: int
    answer: CompetitionOffer | None
    price: Price | None
    reads_scores: bool

    @property
    def has_price(self) -> bool:
        """Whether a price can be read."""
        return self.answer is not None and self.answer.unit_price is not None

    @property
    def written_price(self) -> str:
        """Its price as it would be typed; empty when there is none to read."""
        return _typed(self.answer.unit_price if self.answer else None)

    @property
    def written_mobilisation(self) -> str:
        """The same of its mobilisation."""
        return _typed(self.answer.mobilisation if self.answer else None)

    @property
    def reason(self) -> Sentence | None:
        """Why it wins, or why not; None before the award."""
        if self.answer is None or self.answer.reason is None:
            return None
        reason: Sentence = unpack(self.answer.reason)
        return reason

    @property
    def scores(self) -> Mapping[str, Mapping[str, Any]]:
        """Score and reason by criterion; nothing for a holder before the award: until then they are a draft."""
        return self.answer.scores if self.answer and self.reads_scores else {}

    @property
    def whole_price(self) -> Decimal | None:
        """Per unit and period, mobilisation included; None when there is no price to read."""
        return None if self.price is None else self.price.unit_price

    def mark_on(self, criterion: Criterion) -> Decimal | None:
        """Points on one criterion, None before the award."""
        marks = (self.answer.marks if self.answer else None) or {}
        return Decimal(marks[criterion.code]) if criterion.code in marks else None


def _typed(amount: Decimal | None) -> str:
    return "" if amount is None else f"{amount.normalize():f}".replace(".", ",")


def is_own(actor: Actor, offer: CompetitionOffer) -> bool:
    """Whether it is the answer of one of the reader's firms."""
    return offer.contract.holder.organisation_id in actor.organisation_ids(kind="provider")


def reads_all(actor: Actor, competition: Competition) -> bool:
    """Whether the reader is of those who ask, or of the centre: they see every offer once the deadline is past."""
    asks = competition.organisation_id in actor.organisation_ids(kind="care_operator")
    return asks or competition.lot.vehicle.organisation_id in actor.organisation_ids(kind="purchasing_centre")


def seen_offers(
    actor: Actor, competition: Competition, offers: Sequence[CompetitionOffer], prices: Mapping[UUID, Price]
) -> list[SeenOffer]:
    """The holders asked that the reader may know of, and of each answer what it may read.

    `prices`: what the order would cost today by contract, where it is known; else it is what the offer said when given.
    """
    everything = reads_all(actor, competition)
    seen = []
    for offer in offers:
        own = is_own(actor, offer)
        if not (own or everything):
            continue
        opened = own or not competition.is_sealed
        seen.append(
            SeenOffer(
                offer.contract_id, offer.contract.holder.name, own, offer.periods, offer if opened else None,
                (prices.get(offer.contract_id) or _price(competition, offer)) if opened else None,
                everything or competition.status == "awarded",
            )
        )
    return seen


def _price(competition: Competition, offer: CompetitionOffer) -> Price | None:
    """What the order would cost at this offer."""
    if offer.whole_price is None:
        return None
    return price(competition.quantity, offer.whole_price, offer.periods)
