"""What the platform's decisions about providers say in notifications."""
from marketplace.notifications.templates import register
from marketplace.platform.errors import N_


def register_all() -> None:
    """Declare the wordings; repeating it changes nothing."""
    register(
        "provider_verify",
        N_("Votre fiche de prestataire est vérifiée"),
        N_("La fiche de {provider} est vérifiée : elle est visible de tous, et vos fiches publiées sont proposées."),
        link="/ma-fiche",
    )
    register(
        "provider_refuse",
        N_("Votre fiche de prestataire est refusée"),
        N_("La fiche de {provider} est refusée : {reason} Corrigez ce qui manque, puis prévenez la plateforme."),
        link="/ma-fiche",
    )
    register(
        "provider_suspended",
        N_("Votre fiche de prestataire est suspendue"),
        N_(
            "{provider} n'est plus proposé sur de nouveaux lots jusqu'au {until} inclus : {reason} La suspension se lève "
            "ensuite d'elle-même."
        ),
        link="/ma-fiche",
    )
    register(
        "provider_suspension_over",
        N_("La suspension de votre fiche est levée"),
        N_("{provider} est de nouveau proposé sur les lots dont il remplit les critères. Vous n'avez rien à faire."),
        link="/ma-fiche",
    )
    register(
        "suspension_ended_by_itself",
        N_("Suspension arrivée à son terme : {provider}"),
        N_(
            "La suspension de {provider} a pris fin à sa date : il est de nouveau proposé sur les lots. Si la raison tient "
            "toujours, suspendez-le à nouveau depuis sa fiche."
        ),
        link="/prestataires/{provider_id}",
    )
