"""What the control room tells: a reminder of a lot about to close, and a centre's week."""
from marketplace.notifications.templates import register
from marketplace.platform.errors import N_


def register_all() -> None:
    """Declare every notification of the control room."""
    register(
        "lot_reminder_unfinished",
        N_("Rappel : votre besoin sur « {lot} » ne compte pas encore"),
        N_(
            "Le recueil de « {lot} » se clôt le {until}, et un besoin de votre établissement y reste à signer, à "
            "confirmer ou indicatif : il ne comptera pas. Complétez-le avant cette date."
        ),
        link="/lots/{lot_id}",
    )
    register(
        "lot_reminder_missing",
        N_("Rappel : « {lot} » se clôt bientôt"),
        N_(
            "Votre grappe mutualise cette catégorie, et votre établissement n'a pas de besoin sur « {lot} ». Ajoutez-le "
            "avant le {until}, ou ne faites rien si vous n'êtes pas concerné."
        ),
        link="/lots/{lot_id}",
    )
    register(
        "centre_week",
        N_("Vos recueils cette semaine : {closing} à clore sous 15 jours"),
        N_(
            "{open} lots ouverts, dont {closing} se clôturent sous 15 jours et {short} n'ont pas leur minimum. "
            "{needs} besoins ont été placés ou changés en sept jours. Voyez qui relancer."
        ),
        link="/centre/salle",
    )
