"""The operator's home: what waits to be checked, and the size of the place; no business content (ux.md)."""
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy.orm import Session

from marketplace.platform.errors import N_, Sentence
from marketplace.platform.permissions import Actor
from tenders.dashboard.queries import platform
from tenders.dashboard.rules import Todo
from tenders.dashboard.todos import to_items


@dataclass(frozen=True)
class OperatorHome:
    """Everything on the page."""

    todos: list[dict[str, str | None]]
    queues: platform.Queues


def build(session: Session, _actor: Actor, _asked: Mapping[str, str]) -> OperatorHome:
    """Gather the page in one statement."""
    queues = platform.count_queues(session)
    todos = []
    if queues.certificates:
        todos.append(
            Todo(
                Sentence(
                    "check_certificates", N_("Vérifier {count} certificats déclarés"), {"count": queues.certificates}
                ),
                Sentence("not_trusted", N_("Un certificat non vérifié ne permet pas de répondre à un lot.")),
                "certifications_pages.review",
            )
        )
    if queues.providers:
        todos.append(
            Todo(
                Sentence("check_providers", N_("Examiner {count} prestataires"), {"count": queues.providers}),
                Sentence("not_listed", N_("Un prestataire non vérifié n'apparaît dans aucun résultat.")),
                "certifications_pages.review",
            )
        )
    return OperatorHome(to_items(todos), queues)
