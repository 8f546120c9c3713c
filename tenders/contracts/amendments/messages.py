"""What amendments say in notifications, worded once and registered with the notifications room."""
from marketplace.notifications.templates import register
from marketplace.platform.errors import N_


def register_all() -> None:
    """Declare the wordings; repeating it changes nothing."""
    register(
        "amendment_signed",
        N_("Avenant n° {number} : {title}"),
        N_(
            "Le contrat {reference} avec {holder} est modifié à partir du {day} : {what}. Raison : {reason} Les commandes déjà "
            "passées gardent leur prix."
        ),
        link="/contrats/{contract_id}/avenants",
    )
