"""What studies tell people, worded once."""
from marketplace.notifications.templates import register
from marketplace.platform.errors import N_


def register_all() -> None:
    """Declare every notification of studies."""
    register(
        "study_done",
        N_("Étude terminée : {title}"),
        N_(
            "L'étude « {title} » est terminée : {purchases} achats groupés proposés. Lisez qui achèterait avec qui, ce que "
            "chacun économiserait, et acceptez tout ou partie."
        ),
        link="/etudes/{study_id}",
    )
    register(
        "study_shared",
        N_("Une grappe vous propose des achats groupés : {title}"),
        N_(
            "Le coordinateur d'une grappe partage avec vous l'étude « {title} ». Vous pouvez en accepter tout ou partie sur "
            "un marché en préparation."
        ),
        link="/etudes/{study_id}",
    )
    register(
        "study_invitation",
        N_("Invitation à un achat groupé : {quantity} {unit}, « {lot} »"),
        N_(
            "{centre} vous propose d'acheter « {lot} » avec {others} autres établissements : {quantity} {unit} pour "
            "{establishment}, autour de {unit_price} HT l'unité. Rien ne vous engage. À l'ouverture du marché « {vehicle} », "
            "ce besoin attendra votre signature ; sans elle, il ne compte pas. {grappe}"
        ),
        link="/etudes/pour-mon-site?establishment={establishment_id}&category={category}",
    )


NOTHING_MORE = N_("Vous n'avez rien d'autre à faire d'ici là.")
JOIN_A_GRAPPE = N_(
    "Cet établissement n'a pas de grappe dans cette catégorie : la grappe « {grappe} », dont des membres participent à cet "
    "achat, peut l'accueillir (page Grappes, « Demander à rejoindre »)."
)
FOUND_A_GRAPPE = N_(
    "Cet établissement n'a pas de grappe dans cette catégorie, comme {others} autres de cet achat : vous pouvez en fonder une "
    "ensemble (page Grappes, « Fonder une grappe »)."
)
