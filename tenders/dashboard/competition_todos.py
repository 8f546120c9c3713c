"""What mini-competitions ask of each home: a holder answers, those who asked decide. A constant number of reads."""
from sqlalchemy.orm import Session

from marketplace.platform.errors import N_, Sentence
from marketplace.platform.permissions import Actor
from tenders.contracts.competitions.models import Competition
from tenders.contracts.competitions.notices import reference_of
from tenders.contracts.competitions.queries import list_to_decide, list_unanswered
from tenders.dashboard.rules import Todo
from tenders.demand.words import unit_of

MOST = 5


def of_holder(session: Session, actor: Actor) -> list[Todo]:
    """Prices asked of a holder, due at their deadline."""
    return [
        _todo(competition, ANSWER, UNANSWERED, due=True) for competition, _contract in list_unanswered(session, actor, MOST)
    ]


def of_member(session: Session, actor: Actor) -> list[Todo]:
    """Offers to read and decide on, and requests that nobody answered."""
    if not actor.has_kind("care_operator"):
        return []
    return [
        _todo(each, DECIDE, UNDECIDED) if each.status == "to_decide" else _todo(each, ASK_AGAIN, NOT_ORDERED)
        for each in list_to_decide(session, actor, MOST)
    ]


def _todo(competition: Competition, what: str, otherwise: str, *, due: bool = False) -> Todo:
    values = {
        "reference": reference_of(competition), "title": competition.lot.title, "quantity": competition.quantity,
        "unit": unit_of(competition.unit, competition.quantity), "establishment": competition.establishment.name,
    }  # fmt: skip
    return Todo(
        Sentence("competition_todo", what, values), Sentence("competition_otherwise", otherwise, values),
        "competitions_pages.show_competition", (("competition_id", competition.id),),
        competition.closes_at if due else None,
    )  # fmt: skip


ANSWER = N_("Donner votre prix pour {quantity} {unit}, {establishment} ({reference})")
UNANSWERED = N_("Sans réponse, la commande va à un autre titulaire.")
DECIDE = N_("Lire les offres de la mise en concurrence {reference} et attribuer la commande")
UNDECIDED = N_("Tant qu'elle n'est pas attribuée, rien n'est commandé.")
ASK_AGAIN = N_("Consulter à nouveau ou renoncer : personne n'a donné de prix pour {reference}")
NOT_ORDERED = N_("Sans nouvelle consultation, rien n'est commandé.")
