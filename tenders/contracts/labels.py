"""French words for the vocabularies of contracts, put into the reader's language where they are shown."""
from flask_babel import lazy_gettext as _l

STATUSES = {
    "concluded": (_l("À activer"), "short"),
    "upcoming": (_l("Activé, pas commencé"), "info"),
    "active": (_l("En cours"), "met"),
    "suspended": (_l("Suspendu"), "stop"),
    "ended": (_l("Terminé"), "neutral"),
    "terminated": (_l("Résilié"), "stop"),
    "lapsed": (_l("Caduc : minimum non atteint"), "stop"),
}
"""Status → its word and the tone of its pill."""
SELECTIONS = {
    "single": _l("un seul titulaire"),
    "cascade": _l("en cascade : le premier d'abord, puis le suivant"),
    "rotation": _l("à tour de rôle"),
    "share": _l("partagées, une part pour chacun"),
    "mini_competition": _l("remise en concurrence à chaque besoin"),
}
ORIGINS = {
    "listing": _l("référencement d'une fiche publiée"),
    "external_award": _l("attribution faite ailleurs"),
    "tender": _l("consultation"),
}
FEE_KINDS = {
    "none": _l("aucune"),
    "flat_yearly": _l("forfait par an, en € HT"),
    "percent_of_call_offs": _l("pour cent des commandes"),
    "entry": _l("droit d'entrée, en € HT"),
}
FEE_PAYERS = {"provider": _l("le titulaire"), "member": _l("chaque organisation membre")}
FEE_TERMS = {
    "entry": _l(
        "Droit d'entrée : dû une fois par chaque payeur, le jour de l'activation ; par qui rejoint le contrat plus tard, le "
        "jour où il le rejoint."
    ),
    "flat_yearly": _l(
        "Forfait par an : dû le premier jour de chaque année du contrat, en entier, même si le contrat s'arrête ou se suspend "
        "dans l'année. Plus rien n'est dû pour les années qui commencent après sa fin ou sa résiliation."
    ),
    "percent_of_call_offs": _l("Pour cent des commandes : dû à chaque service fait certifié, sur le montant HT accepté."),
}
"""When a fee of this kind falls due: said wherever it can still be refused, and to whoever pays it."""
DECISIONS = {
    "concluded": _l("Conclusion"),
    "activated": _l("Activation"),
    "minimum_missed": _l("Minimum non atteint"),
    "suspended": _l("Suspension"),
    "resumed": _l("Reprise"),
    "terminated": _l("Résiliation"),
}
PRICINGS = {
    "all_units": _l("la tranche atteinte vaut pour toutes les unités"),
    "incremental": _l("chaque tranche vaut pour ses propres unités"),
}
