"""What adhesions say in notifications, worded once and registered with the notifications room."""

from marketplace.notifications.templates import register
from marketplace.platform.errors import N_

LINK = "/marches/{vehicle_id}/adhesions"


def register_all() -> None:
    """Declare the wordings; repeating it changes nothing."""
    register(
        "adhesion_signed",
        N_("Adhésion de {organisation} : {vehicle}"),
        N_("{organisation} a signé la convention du marché « {vehicle} » (empreinte {sha256})."),
        link=LINK,
    )
    register(
        "adhesion_ended",
        N_("Fin de l'adhésion de {organisation} : {vehicle}"),
        N_(
            "L'adhésion de {organisation} au marché « {vehicle} » a pris fin. Raison : {reason} Les commandes déjà passées et "
            "les besoins fermes déjà confirmés restent dus."
        ),
        link=LINK,
    )
