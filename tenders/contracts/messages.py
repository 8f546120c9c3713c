"""What contracts tell members, holders and centres, worded once and registered with the notifications room."""
from marketplace.notifications.templates import register
from marketplace.platform.errors import N_

LINK = "/contrats/{contract_id}"


def register_all() -> None:
    """Declare every notification of contracts."""
    register(
        "contract_concluded",
        N_("Contrat conclu : {title}"),
        N_(
            "Le contrat {reference} est conclu avec {holder} jusqu'au {ends_on}. Les commandes seront possibles dès qu'il sera "
            "signé et activé : vous serez prévenu."
        ),
        link=LINK,
    )
    register(
        "contract_left_at_price",
        N_("Non retenu au prix obtenu : {title}"),
        N_(
            "Vous acceptiez {limit} par unité au plus ; le prix obtenu est {price}. Votre besoin ne vous engage plus et rien "
            "ne vous sera facturé."
        ),
        link="/lots/{lot_id}",
    )
    register(
        "contract_activated",
        N_("Contrat activé : {title}"),
        N_("Le contrat {reference} avec {holder} est activé : les commandes sont possibles du {starts_on} au {ends_on}."),
        link=LINK,
    )
    register(
        "contract_minimum_missed",
        N_("Minimum non atteint : {title}"),
        N_(
            "Minimum non atteint : {committed} {unit} sur {minimum}. Le contrat {reference} n'est pas lancé ; vous n'êtes plus "
            "engagé et rien ne vous sera facturé."
        ),
        link=LINK,
    )
    register(
        "contract_suspended",
        N_("Contrat suspendu : {title}"),
        N_("Aucune commande ne passe sur le contrat {reference} à partir du {from_day}. Raison : {reason}"),
        link=LINK,
    )
    register(
        "contract_resumed",
        N_("Suspension levée : {title}"),
        N_("Les commandes passent de nouveau sur le contrat {reference}."),
        link=LINK,
    )
    register(
        "contract_terminated",
        N_("Contrat résilié : {title}"),
        N_(
            "Le contrat {reference} avec {holder} prend fin le {day}. Raison : {reason} Les commandes déjà passées sont "
            "honorées ; plus aucune ne sera acceptée à partir de ce jour."
        ),
        link=LINK,
    )
