"""What indexation says in notifications, worded once and registered with the notifications room."""
from marketplace.notifications.templates import register
from marketplace.platform.errors import N_


def register_all() -> None:
    """Declare the wordings; repeating it changes nothing."""
    register(
        "contract_revised",
        N_("Prix révisés : {title}"),
        N_(
            "À partir du {day}, les commandes du contrat {reference} coûtent le prix figé multiplié par {factor} (indice "
            "{code}, {value}). Les commandes déjà passées gardent leur prix."
        ),
        link="/contrats/{contract_id}/indexation",
    )
