"""What envelopes tell purchasing centres, worded once and registered with the notifications room."""
from marketplace.notifications.templates import register
from marketplace.platform.errors import N_


def register_all() -> None:
    """Declare every notification of envelopes."""
    register(
        "envelope_alert",
        N_("Enveloppe de « {lot} » : {threshold} % du maximum"),
        N_(
            "{used} {unit} sur {maximum} : {threshold} % du maximum de « {lot} » sont atteints. À 100 %, plus rien n'est "
            "accepté. Voyez le rythme et la date d'épuisement prévue."
        ),
        link="/centre/salle/lots/{lot_id}",
    )
