"""What a true-up says in notifications, worded once and registered with the notifications room."""
from marketplace.notifications.templates import register
from marketplace.platform.errors import N_


def register_all() -> None:
    """Declare the wordings; repeating it changes nothing."""
    register(
        "contract_settled_member",
        N_("Décompte du marché « {contract} »"),
        N_(
            "Le marché « {contract} » est terminé. {result} Le décompte dit ce qui a été compté, ligne par ligne ; une "
            "éventuelle facture suivra."
        ),
        link="/contrats/{contract_id}/decompte",
    )
    register(
        "contract_settled",
        N_("Décompte du marché « {contract} » : {consumed} {unit} consommés"),
        N_(
            "{consumed} {unit} consommés sur un minimum de {minimum} : il en manque {lacking}, soit {amount} HT à régler par "
            "les membres qui n'ont pas consommé leur part."
        ),
        link="/contrats/{contract_id}/decompte",
    )
