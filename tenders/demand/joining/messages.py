"""What joining late tells people, worded once and registered with the notifications room."""
from marketplace.notifications.templates import register
from marketplace.platform.errors import N_


def register_all() -> None:
    """Declare every notification of this room."""
    register(
        "joined_late",
        N_("Vous avez rejoint « {lot} » : {quantity} {unit}"),
        N_(
            "{establishment} rejoint « {lot} » pour {quantity} {unit} pendant les {months} mois qui restent, soit {incl_vat} "
            "TTC au plus ({excl_vat} HT). La centrale est prévenue ; vos commandes se feront sur son marché."
        ),
        link="/lots/{lot_id}",
    )
    register(
        "joined_late_centre",
        N_("{establishment} rejoint « {lot} » : {quantity} {unit}"),
        N_(
            "{establishment} a rejoint « {lot} » après la clôture : {quantity} {unit} pendant {months} mois, soit {excl_vat} "
            "HT au plus. L'enveloppe du lot en tient compte."
        ),
        link="/lots/{lot_id}",
    )
