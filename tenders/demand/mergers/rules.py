"""How a vote on a merger is counted, by the charter's rule, and until when it runs (domain §4b.3, 4b.11)."""
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from marketplace.platform.errors import N_, RuleBroken, Sentence

CHOICES = ("yes", "no")
SCOPES = ("lot", "grappe")
OUTCOMES = ("accepted", "refused", "no_target", "target_gone", "void")
"""`accepted`: at least one body of voters moves. `no_target`: nobody chose where to. `target_gone`: it cannot take them any
more. `void`: the lot was cancelled, or the closing undone, meanwhile."""
RESULTS = ("yes", "no", "no_quorum")
CHOOSE_WITHIN = timedelta(days=5)
"""How long the centre has to choose between several targets; then the next step of the policy runs."""
VOTE_LASTS = timedelta(days=10)
SHORTEST_VOTE = timedelta(days=2)
"""A lot that closes sooner is no target: nobody could vote in time."""
BEFORE_TARGET_CLOSES = timedelta(hours=12)
"""The vote ends that long before the target's own closing, so that what moves is still counted there."""

INDIVIDUALS_RULE = "one_member_one_vote"


@dataclass(frozen=True)
class Ballot:
    """One establishment's vote, weighing the units of its need; `choice` None: it did not vote (yet)."""

    quantity: int
    choice: str | None = None


@dataclass(frozen=True)
class Count:
    """The vote of one body: its members through one grappe, or all those without. Volumes in the lot's unit."""

    result: str
    voters: int
    cast: int
    quorum: int
    yes: int
    no: int
    yes_volume: int
    no_volume: int

    @property
    def everybody_voted(self) -> bool:
        """Whether nothing can change any more."""
        return self.cast == self.voters


def quorum_of(charter_quorum: int | None, voters: int) -> int:
    """How many must vote: the charter's quorum (never more than there are voters); half of them without a grappe."""
    return (voters + 1) // 2 if charter_quorum is None else min(charter_quorum, voters)


def count_votes(voting_rule: str, charter_quorum: int | None, ballots: Iterable[Ballot]) -> Count:
    """Count one body's vote, in any order. Not voting is neither yes nor no; a tie is no.

    `both_majorities`: more voters and more volume for than against.
    """
    known = list(ballots)
    yes = [ballot.quantity for ballot in known if ballot.choice == "yes"]
    no = [ballot.quantity for ballot in known if ballot.choice == "no"]
    quorum = quorum_of(charter_quorum, len(known))
    by_heads, by_volume = len(yes) > len(no), sum(yes) > sum(no)
    carried = {
        "one_member_one_vote": by_heads, "by_volume": by_volume, "both_majorities": by_heads and by_volume,
    }[voting_rule]  # fmt: skip
    cast = len(yes) + len(no)
    result = "no_quorum" if not cast or cast < quorum else "yes" if carried else "no"
    return Count(result, len(known), cast, quorum, len(yes), len(no), sum(yes), sum(no))


def votes_close_at(now: datetime, target_closes_at: datetime | None) -> datetime:
    """Until when members vote: ten days, and well before the target lot's own closing."""
    last = now + VOTE_LASTS
    return last if target_closes_at is None else min(last, target_closes_at - BEFORE_TARGET_CLOSES)


def check_vote(decided_at: datetime | None, closes_at: datetime | None, now: datetime) -> None:
    """Refuse a vote before a target is known and after the last moment."""
    if closes_at is None and decided_at is None:
        raise RuleBroken(
            "merger_target_open", "La centrale n'a pas encore choisi le regroupement à rejoindre : le vote n'est pas ouvert."
        )
    if decided_at is not None or closes_at is None or now >= closes_at:
        raise RuleBroken("merger_vote_closed", "Le vote est terminé : son résultat est sur la page de la réunion.")


def check_choice(decided_at: datetime | None, closes_at: datetime | None) -> None:
    """A target is chosen once."""
    if decided_at is not None or closes_at is not None:
        raise RuleBroken(
            "merger_target_chosen", "Le regroupement à rejoindre est déjà choisi : les membres votent sur celui-là."
        )


def target_does_not_fit() -> RuleBroken:
    """The target asked for cannot take these needs."""
    return RuleBroken(
        "merger_target_does_not_fit",
        "Ce regroupement ne peut pas accueillir ces besoins (catégorie, durée, place restante ou date de clôture) : "
        "choisissez-en un autre dans la liste.",
    )


RESULT_SENTENCES = {
    "yes": N_("oui : {yes} voix pour, {no} contre"),
    "no": N_("non : {yes} voix pour, {no} contre"),
    "no_quorum": N_("pas assez de votants : {cast} sur {quorum} nécessaires"),
}


def result_sentence(count: Count) -> Sentence:
    """A body's result in words."""
    values = {"yes": count.yes, "no": count.no, "cast": count.cast, "quorum": count.quorum}
    return Sentence(f"merger_{count.result}", RESULT_SENTENCES[count.result], values)


OUTCOME_SENTENCES = {
    "accepted": Sentence("merger_accepted", N_("Les membres qui ont voté oui rejoignent {target}.")),
    "refused": Sentence("merger_refused", N_("Le vote n'a pas abouti : la suite publiée du lot s'applique.")),
    "no_target": Sentence(
        "merger_no_target", N_("Aucun regroupement n'a été choisi à temps : la suite publiée du lot s'applique.")
    ),
    "target_gone": Sentence(
        "merger_target_gone",
        N_("{target} ne peut plus accueillir ces besoins (clos, annulé ou complet) : la suite publiée du lot s'applique."),
    ),
    "void": Sentence("merger_void", N_("Le vote est sans objet : le lot a été annulé, ou sa clôture, entre-temps.")),
}


def outcome_sentence(outcome: str, target: str) -> Sentence:
    """What became of a merger, in words."""
    found = OUTCOME_SENTENCES[outcome]
    return Sentence(found.code, found.template, {"target": target})
