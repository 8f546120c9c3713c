"""What call-offs tell people, worded once and registered with the notifications room."""
from marketplace.notifications.templates import register
from marketplace.platform.errors import N_

ORDER = "/commandes/{call_off_id}"
TRANSFERS = "/commandes/cessions"


def register_all() -> None:
    """Declare every notification of this room."""
    register(
        "call_off_to_approve",
        N_("À approuver : commande {reference}, {incl_vat} TTC"),
        N_(
            "{establishment} commande {quantity} {unit} sur « {lot} » pour {incl_vat} TTC ({excl_vat} HT), au-delà du plafond "
            "de la personne qui a passé la commande. Les unités sont réservées, mais le titulaire ne reçoit rien tant qu'une "
            "personne habilitée n'a pas approuvé."
        ),
        link=ORDER,
    )
    register(
        "call_off_dearer_to_approve",
        N_("À approuver : commande {reference}, plus chère chez le titulaire suivant"),
        N_(
            "Le titulaire précédent n'a pas pris {quantity} {unit} de « {lot} » pour {establishment}. {holder} peut les "
            "prendre pour {excl_vat} HT ({incl_vat} TTC), soit {more} HT de plus que ce qui était approuvé. Approuvez, ou "
            "refusez avec une raison : les unités sont réservées, et le titulaire ne reçoit rien avant."
        ),
        link=ORDER,
    )
    register(
        "call_off_rejected",
        N_("Commande {reference} non approuvée"),
        N_(
            "Votre commande de {quantity} {unit} sur « {lot} » n'est pas approuvée. Raison : {reason} Les unités sont "
            "rendues à l'enveloppe ; vous pouvez passer une autre commande."
        ),
        link=ORDER,
    )
    register(
        "call_off_sent",
        N_("Commande {reference} : {quantity} {unit} pour {establishment}"),
        N_(
            "{establishment} vous commande {quantity} {unit} sur « {lot} », livraison demandée le {starts_on}, pour "
            "{excl_vat} HT. Acceptez, en tout ou partie, ou refusez avec votre raison : l'établissement attend votre réponse."
        ),
        link=ORDER,
    )
    register(
        "call_off_answered",
        N_("Commande {reference} : {accepted} {unit} acceptés sur {quantity}"),
        N_(
            "{holder} accepte {accepted} {unit} sur les {quantity} de votre commande « {lot} ». {why} {next}"
        ),
        link=ORDER,
    )
    register(
        "call_off_delivered",
        N_("Commande {reference} livrée : à vérifier"),
        N_(
            "{holder} déclare avoir livré {accepted} {unit} sur « {lot} » le {day}. Vérifiez, puis certifiez le service fait "
            "ou contestez : sans certification, la facture ne peut pas être rapprochée."
        ),
        link=ORDER,
    )
    register(
        "call_off_certified",
        N_("Service fait pour la commande {reference}"),
        N_(
            "{establishment} certifie le service fait de {accepted} {unit} sur « {lot} », soit {excl_vat} HT. Vous pouvez "
            "facturer en rappelant la commande {reference}."
        ),
        link=ORDER,
    )
    register(
        "call_off_disputed",
        N_("Commande {reference} contestée"),
        N_(
            "{establishment} conteste la livraison de {accepted} {unit} sur « {lot} ». Raison : {reason} Le service n'est "
            "pas certifié tant que la contestation n'est pas réglée."
        ),
        link=ORDER,
    )
    register(
        "call_off_resolved",
        N_("Contestation réglée : commande {reference}"),
        N_("La contestation de la commande {reference} sur « {lot} » est réglée : {outcome} {reason}"),
        link=ORDER,
    )
    register(
        "call_off_cancelled",
        N_("Commande {reference} annulée"),
        N_(
            "{establishment} annule sa commande de {quantity} {unit} sur « {lot} ». Raison : {reason} Vous n'avez rien à "
            "livrer."
        ),
        link=ORDER,
    )
    register(
        "order_exhausted",
        N_("Maximum atteint : {establishment} ne peut pas commander sur « {lot} »"),
        N_(
            "{establishment} demande {asked} {unit} sur « {lot} », dont il reste {available}. Voyez la consommation, et si un "
            "avenant ou une cession entre membres peut répondre."
        ),
        link="/execution",
    )
    register(
        "transfer_offered",
        N_("{giver} vous cède {quantity} {unit} sur « {lot} »"),
        N_(
            "{giver} propose à {taker} {quantity} {unit} de son engagement sur « {lot} ». Si un signataire accepte, cet "
            "engagement devient le vôtre, au prix de votre contrat ; le total ne change pas. Sans réponse, rien ne change."
        ),
        link=TRANSFERS,
    )
    register(
        "transfer_answered",
        N_("Cession de {quantity} {unit} sur « {lot} » : {outcome}"),
        N_("{taker} a répondu à la cession de {quantity} {unit} par {giver} sur « {lot} » : {outcome}"),
        link=TRANSFERS,
    )
