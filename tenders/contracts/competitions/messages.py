"""What mini-competitions tell people, worded once and registered with the notifications room."""
from marketplace.notifications.templates import register
from marketplace.platform.errors import N_

HERE = "/concurrences/{competition_id}"


def register_all() -> None:
    """Declare every notification of this room."""
    register(
        "competition_opened",
        N_("À répondre avant le {closes_at} : {quantity} {unit} pour {establishment}"),
        N_(
            "{establishment} met en concurrence les titulaires de « {lot} » pour {quantity} {unit}, livraison demandée le "
            "{starts_on} (réf. {reference}). Donnez votre prix, sans dépasser celui de votre marché, ou déclinez, avant le "
            "{closes_at}. Personne ne lit votre réponse avant cette heure, et vous pouvez la changer jusque-là. Sans réponse, "
            "la commande va à un autre."
        ),
        link=HERE,
    )
    register(
        "competition_to_decide",
        N_("Offres à lire : {quantity} {unit} sur « {lot} »"),
        N_(
            "Les réponses à la mise en concurrence {reference} pour {establishment} sont closes ; prix reçus : {answers} sur "
            "{asked}. Lisez les offres, notez-les s'il y a lieu, puis attribuez la commande."
        ),
        link=HERE,
    )
    register(
        "competition_unanswered",
        N_("Aucun prix reçu : {quantity} {unit} sur « {lot} »"),
        N_(
            "La mise en concurrence {reference} pour {establishment} se termine sans commande. {why} {organisation} peut la "
            "rouvrir avec un autre délai."
        ),
        link=HERE,
    )
    register(
        "competition_won",
        N_("Votre offre est retenue : {quantity} {unit} pour {establishment}"),
        N_(
            "Mise en concurrence {reference} sur « {lot} ». {why} La commande {order} vous parvient dès qu'elle est approuvée "
            "dans l'organisation de l'établissement ; d'ici là, n'engagez rien."
        ),
        link=HERE,
    )
    register(
        "competition_lost",
        N_("Votre offre n'est pas retenue : {quantity} {unit} pour {establishment}"),
        N_("Mise en concurrence {reference} sur « {lot} ». Pourquoi : {why} Vous n'avez rien à livrer."),
        link=HERE,
    )
    register(
        "competition_cancelled",
        N_("Mise en concurrence {reference} annulée"),
        N_(
            "{establishment} renonce à sa mise en concurrence de {quantity} {unit} sur « {lot} ». Raison : {reason} "
            "Vous n'avez rien à faire."
        ),
        link=HERE,
    )
