"""What demand tells people, worded once and registered with the notifications room."""
from marketplace.notifications.templates import register
from marketplace.platform.errors import N_


def register_all() -> None:
    """Declare every notification of this room."""
    register(
        "need_to_sign",
        N_("À signer : {quantity} {unit} pour {establishment}"),
        N_(
            "Un besoin ferme de {quantity} {unit} sur « {lot} » attend votre signature pour {establishment}. Tant "
            "qu'il n'est pas signé, il ne compte pas. Lisez ce à quoi il engage et signez avant le {until}."
        ),
        link="/lots/{lot_id}/besoin/{establishment_id}",
    )
    register(
        "need_signed",
        N_("Engagement enregistré : {quantity} {unit} sur « {lot} »"),
        N_(
            "{establishment} est engagé sur {quantity} {unit} pendant {months} mois, soit {incl_vat} TTC au plus "
            "({excl_vat} HT). Si le minimum n'est pas atteint, l'engagement tombe. Vous pouvez le modifier jusqu'au "
            "{until}."
        ),
        link="/lots/{lot_id}",
    )
    register(
        "needs_imported_to_sign",
        N_("À signer : {quantity} {unit} sur « {lot} »"),
        N_(
            "Besoins fermes importés sur « {lot} », en attente de votre signature : {count}, pour {quantity} {unit} en "
            "tout. Tant qu'ils ne sont pas signés, ils ne comptent pas. Lisez ce à quoi chacun engage et signez avant le "
            "{until}."
        ),
        link="/lots/{lot_id}",
    )
    register(
        "needs_imported_signed",
        N_("Engagements enregistrés : {quantity} {unit} sur « {lot} »"),
        N_(
            "Besoins fermes importés et signés : {count}, pour {quantity} {unit} pendant {months} mois, soit {incl_vat} "
            "TTC au plus ({excl_vat} HT). Si le minimum n'est pas atteint, les engagements tombent. Vous pouvez les "
            "modifier jusqu'au {until}."
        ),
        link="/lots/{lot_id}",
    )
    register(
        "need_promoted",
        N_("Votre besoin sur « {lot} » sort de la liste d'attente"),
        N_(
            "Une place s'est libérée : vos {quantity} {unit} sur « {lot} » sont maintenant comptés, comme vous l'aviez "
            "demandé. Vous pouvez modifier ou retirer ce besoin jusqu'au {until}."
        ),
        link="/lots/{lot_id}",
    )
    register(
        "need_returned",
        N_("Besoin renvoyé : {quantity} {unit} pour {establishment}"),
        N_(
            "Le signataire renvoie votre besoin ferme de {quantity} {unit} sur « {lot} » pour {establishment} : il "
            "devient indicatif. Corrigez-le et proposez-le de nouveau avant le {until}."
        ),
        link="/lots/{lot_id}/besoin/{establishment_id}",
    )
    register(
        "need_released",
        N_("Votre besoin sur « {lot} » ne compte plus"),
        N_("{why} Votre besoin de {quantity} {unit} sur « {lot} » ne vous engage plus. {what_next}"),
        link="/lots/{lot_id}",
    )
    register(
        "closing_decided",
        N_("Décision sur « {lot} »"),
        N_("{detail}"),
        link="/lots/{lot_id}/decision",
    )
    register(
        "closing_undone",
        N_("Clôture annulée sur « {lot} »"),
        N_(
            "La centrale annule la clôture de « {lot} » : {reason} Votre besoin est de nouveau ce qu'il était avant. Les "
            "besoins sont recueillis jusqu'au {until} ; d'ici là vous pouvez modifier ou retirer le vôtre."
        ),
        link="/lots/{lot_id}",
    )
    register(
        "closing_summary",
        N_("Clôture de « {lot} » : {outcome}"),
        N_("{summary} Chaque membre est prévenu de ce qui le concerne."),
        link="/lots/{lot_id}/decision",
    )
