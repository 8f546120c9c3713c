"""What orders ask of each home: approve, certify, take a commitment; answer; settle a dispute. A constant number of reads."""
from sqlalchemy.orm import Session

from marketplace.platform.errors import N_, Sentence
from marketplace.platform.permissions import Actor, allowed
from tenders.contracts.models import Contract
from tenders.contracts.ordering.models import CallOff, CommitmentTransfer
from tenders.contracts.ordering.notices import reference_of
from tenders.contracts.ordering.queries.orders import list_recent, visible_call_offs, visible_transfers
from tenders.contracts.ordering.rules.approving import waits_for_another
from tenders.dashboard.rules import Todo
from tenders.demand.words import unit_of

MOST = 5


def of_member(session: Session, actor: Actor) -> list[Todo]:
    """Orders to approve or to certify, and commitments offered. Not one's own orders: another must approve them."""
    if not actor.has_kind("care_operator"):
        return []
    todos = []
    for order in list_recent(session, actor, ("awaiting_approval", "delivered"), limit=2 * MOST):
        if order.status == "delivered":
            todos.append(_todo(order, CERTIFY, UNCERTIFIED))
        elif waits_for_another(actor.user_id, order.placed_by, order.first_approved_by):
            continue
        elif allowed(actor, "call_off.approve", own=order.organisation_id):
            todos.append(_todo(order, APPROVE, UNAPPROVED))
    own = actor.organisation_ids(("signatory",), kind="care_operator")
    offered = visible_transfers(actor).where(
        CommitmentTransfer.to_organisation_id.in_(own), CommitmentTransfer.is_waiting
    )
    todos += [_offered(transfer) for transfer in session.scalars(offered.limit(MOST))]
    return todos


def of_holder(session: Session, actor: Actor) -> list[Todo]:
    """Orders a holder has not answered."""
    orders = list_recent(session, actor, ("sent",), as_holder=True, limit=MOST)
    return [_todo(order, ANSWER, UNANSWERED) for order in orders]


def of_centre(session: Session, actor: Actor) -> list[Todo]:
    """Disputes on the centre's contracts."""
    own = actor.organisation_ids(kind="purchasing_centre")
    disputed = visible_call_offs(actor).where(Contract.organisation_id.in_(own), CallOff.status == "disputed")
    return [_todo(order, SETTLE, UNSETTLED) for order in session.scalars(disputed.order_by(CallOff.disputed_at).limit(MOST))]


def _todo(order: CallOff, what: str, otherwise: str) -> Todo:
    values = {
        "reference": reference_of(order), "establishment": order.establishment.name, "title": order.contract.title,
        "quantity": order.quantity, "unit": unit_of(order.unit, order.quantity), "holder": order.contract.holder.name,
    }  # fmt: skip
    here = (("call_off_id", order.id),)
    return Todo(
        Sentence("order_todo", what, values), Sentence("order_otherwise", otherwise, values),
        "ordering_pages.show_order", here,
    )  # fmt: skip


def _offered(transfer: CommitmentTransfer) -> Todo:
    values = {
        "giver": transfer.giver.name, "title": transfer.contract.title, "quantity": transfer.quantity,
        "unit": unit_of(transfer.contract.unit, transfer.quantity),
    }  # fmt: skip
    return Todo(
        Sentence("transfer_todo", TAKE, values), Sentence("transfer_otherwise", UNTAKEN),
        "order_rights_pages.list_transfers",
    )  # fmt: skip


APPROVE = N_("Approuver la commande {reference} : {quantity} {unit} pour {establishment}")
UNAPPROVED = N_("Sans approbation, le titulaire ne reçoit rien ; les unités restent réservées.")
CERTIFY = N_("Certifier ou contester la livraison de la commande {reference}")
UNCERTIFIED = N_("Sans certification, la facture de {holder} ne peut pas être rapprochée.")
ANSWER = N_("Répondre à la commande {reference} : {quantity} {unit} pour {establishment}")
UNANSWERED = N_("Sans réponse, l'établissement peut annuler sa commande.")
SETTLE = N_("Régler la contestation de la commande {reference} sur « {title} »")
UNSETTLED = N_("Tant qu'elle n'est pas réglée, le service n'est ni certifié ni payé.")
TAKE = N_("Répondre à la cession de {quantity} {unit} par {giver} sur « {title} »")
UNTAKEN = N_("Sans réponse, rien ne change : l'engagement reste le sien.")
