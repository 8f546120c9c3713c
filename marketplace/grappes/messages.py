"""What grappes say in notifications: one wording per event, registered by code."""
from marketplace.notifications.templates import register
from marketplace.platform.errors import N_

_PAGE = "/grappes/{grappe_id}"
_SIGN = "/grappes/{grappe_id}/adhesion/{establishment_id}"

register(
    "grappe_invited",
    N_("Invitation : grappe « {grappe} »"),
    N_(
        "{establishment} est invité à rejoindre la grappe « {grappe} ». Lisez la convention entière, puis signez-la ou "
        "déclinez. Tant que vous n'avez pas signé, rien ne vous engage."
    ),
    link=_SIGN,
)
register(
    "grappe_requested",
    N_("Demande d'adhésion : grappe « {grappe} »"),
    N_("{establishment} demande à rejoindre la grappe « {grappe} ». Acceptez ou refusez sur la page de la grappe."),
    link=_PAGE,
)
register(
    "grappe_declined",
    N_("Invitation déclinée : grappe « {grappe} »"),
    N_("{establishment} décline l'invitation de la grappe « {grappe} ». Vous pouvez inviter un autre établissement."),
    link=_PAGE,
)
register(
    "grappe_invitation_withdrawn",
    N_("Invitation retirée : grappe « {grappe} »"),
    N_("L'invitation de {establishment} dans la grappe « {grappe} » est retirée. Vous n'avez rien à faire."),
)
register(
    "grappe_request_withdrawn",
    N_("Demande retirée : grappe « {grappe} »"),
    N_("{establishment} retire sa demande de rejoindre la grappe « {grappe} ». Vous n'avez rien à faire."),
    link=_PAGE,
)
register(
    "grappe_refused",
    N_("Demande refusée : grappe « {grappe} »"),
    N_(
        "La demande de {establishment} pour la grappe « {grappe} » est refusée. "
        "Cherchez une autre grappe ou fondez la vôtre."
    ),
    link="/grappes",
)
register(
    "grappe_joined",
    N_("Nouveau membre : grappe « {grappe} »"),
    N_("{establishment} a signé la convention et rejoint la grappe « {grappe} » ({members} membres, quorum {quorum})."),
    link=_PAGE,
)
register(
    "grappe_charter_amended",
    N_("Convention modifiée : grappe « {grappe} »"),
    N_("La convention de la grappe « {grappe} » a changé depuis votre invitation : relisez-la avant de signer."),
    link=_PAGE,
)
register(
    "grappe_activated",
    N_("Grappe active : « {grappe} »"),
    N_("La grappe « {grappe} » est active : vous pouvez réunir vos besoins sur les lots ouverts de ses catégories."),
    link=_PAGE,
)
register(
    "grappe_handed_over",
    N_("Nouveau coordinateur : grappe « {grappe} »"),
    N_("{establishment} coordonne désormais la grappe « {grappe} »."),
    link=_PAGE,
)
register(
    "grappe_leaving",
    N_("Départ annoncé : grappe « {grappe} »"),
    N_(
        "{establishment} quitte la grappe « {grappe} » : départ effectif le {leaves_on}. "
        "D'ici là, vous pouvez inviter un autre établissement."
    ),
    link=_PAGE,
)
register(
    "grappe_staying",
    N_("Départ annulé : grappe « {grappe} »"),
    N_("{establishment} annule son départ et reste dans la grappe « {grappe} »."),
    link=_PAGE,
)
register(
    "grappe_left",
    N_("Départ effectif : grappe « {grappe} »"),
    N_("{establishment} n'est plus membre de la grappe « {grappe} » ; ses catégories sont de nouveau libres."),
)
register(
    "grappe_excluded",
    N_("Exclusion : grappe « {grappe} »"),
    N_(
        "{establishment} est exclu de la grappe « {grappe} ». Motif : « {reason} » "
        "Ses besoins dans cette grappe sont libérés ; il peut rejoindre une autre grappe."
    ),
)
register(
    "grappe_dissolved",
    N_("Dissolution : grappe « {grappe} »"),
    N_(
        "La grappe « {grappe} » est dissoute. Motif : « {reason} » "
        "Vos catégories sont de nouveau libres : vous pouvez rejoindre ou fonder une autre grappe."
    ),
)
