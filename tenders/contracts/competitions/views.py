"""A mini-competition as one reader sees it now: what API and page both say, read in a constant number of statements."""
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.orm import Session

from marketplace.platform.errors import RuleBroken, Sentence
from marketplace.platform.facts import unpack
from marketplace.platform.permissions import Actor, allowed
from tenders.contracts.competitions import queries
from tenders.contracts.competitions.models import Competition, CompetitionOffer
from tenders.contracts.competitions.rules import states
from tenders.contracts.competitions.rules.ranking import Ranked, Ranking
from tenders.contracts.competitions.sights import SeenOffer, reads_all, seen_offers
from tenders.contracts.competitions.steps import Standing, may_reopen, ranking_of, standings_of
from tenders.contracts.ordering.queries.ground import look_at_ground


@dataclass(frozen=True)
class Line:
    """One holder asked, as the reader sees it; `ranked` once its place is known, `reason` why it wins or not."""

    seen: SeenOffer
    ranked: Ranked | None = None
    reason: Sentence | None = None

    @property
    def position(self) -> int | None:
        """Its place: as awarded, else as the ranking is now."""
        answer = self.seen.answer
        return (answer.position if answer else None) or (self.ranked.position if self.ranked else None)


@dataclass(frozen=True)
class Sight:
    """A competition and what the reader may see and do.

    `lines` best first once ranked. `no_ranking`: why there is none yet, in words (a score is missing). `left_out`:
    holders that were not asked, with the reason, for those who ask and the centre.
    """

    competition: Competition
    reads_all: bool
    lines: tuple[Line, ...]
    acts: frozenset[str]
    no_ranking: RuleBroken | None = None
    left_out: tuple[tuple[str, Sentence], ...] = ()

    @property
    def best(self) -> Line | None:
        """Who is first, when that is known."""
        return next((line for line in self.lines if line.position == 1), None)

    @property
    def end_reason(self) -> Sentence | None:
        """Why it ended without an order."""
        reason: Sentence | None = unpack(self.competition.end_reason)
        return reason


def sight_of(session: Session, actor: Actor, competition_id: UUID) -> Sight:
    """The competition as the reader may see it; NotFound when it may not."""
    competition = queries.get_competition(session, actor, competition_id)
    offers = queries.list_offers(session, competition_id)
    everything = reads_all(actor, competition)
    ranking, missing, prices = None, None, {}
    if everything and competition.status == "to_decide":
        ground = look_at_ground(session, [competition.lot_id], {competition.establishment_id})
        standings = standings_of(ground, competition, offers)
        ranking, missing = _ranking(competition, offers, standings)
        prices = {key: each.price for key, each in standings.items() if each.price is not None}
    lines = [_line(seen, ranking) for seen in seen_offers(actor, competition, offers, prices)]
    lines.sort(key=lambda line: line.position or len(offers) + 1)
    left_out = tuple((each["name"], unpack(each["reason"])) for each in competition.left_out) if everything else ()
    return Sight(competition, everything, tuple(lines), _acts(actor, competition, offers), missing, left_out)


def _ranking(
    competition: Competition, offers: list[CompetitionOffer], standings: Mapping[UUID, Standing]
) -> tuple[Ranking | None, RuleBroken | None]:
    try:
        return ranking_of(competition, offers, standings), None
    except RuleBroken as why:
        return None, why


def _line(seen: SeenOffer, ranking: Ranking | None) -> Line:
    if ranking is None:
        return Line(seen, reason=seen.reason)
    ranked = next((each for each in ranking.ranked if each.contract_id == seen.contract_id), None)
    passed = next((each.reason for each in ranking.passed if each.contract_id == seen.contract_id), None)
    return Line(seen, ranked, ranked.reason if ranked else passed)


def _acts(actor: Actor, competition: Competition, offers: list[CompetitionOffer]) -> frozenset[str]:
    found = set()
    if may_reopen(competition, offers) and allowed(actor, "competition.open", own=competition.organisation_id):
        found.add("reopen")
    for act, action in (("cancel", "competition.open"), ("decide", "competition.decide")):
        if states.may(act, competition.status) and allowed(actor, action, own=competition.organisation_id):
            found.add(act)
    holders = {each.contract.holder.organisation_id for each in offers}
    if states.may("answer", competition.status) and allowed(actor, "competition.answer", provider=holders):
        found.add("answer")
    return frozenset(found)
