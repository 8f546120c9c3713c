"""The French words for the codes of this room, for pages."""
from flask_babel import lazy_gettext as _l

SECTORS = {
    "private_for_profit": _l("Privé à but lucratif"),
    "private_nonprofit": _l("Privé non lucratif"),
    "public": _l("Public"),
}
SIZE_BANDS = {
    "under_50": _l("Moins de 50 personnes"),
    "50_249": _l("De 50 à 249 personnes"),
    "250_plus": _l("250 personnes et plus"),
}
ACTIVITY_LEVELS = {"low": _l("Faible"), "medium": _l("Moyenne"), "high": _l("Forte")}
MEASURES = {
    "mco_stays": _l("Séjours d'hospitalisation complète (MCO)"),
    "mco_beds": _l("Lits et places de MCO"),
    "smr_beds": _l("Lits de soins médicaux et de réadaptation"),
    "psychiatry_beds": _l("Lits de psychiatrie"),
    "home_places": _l("Places d'hospitalisation à domicile"),
}
ESTATE = {
    "endpoints": _l("Postes de travail"),
    "servers": _l("Serveurs"),
    "users_count": _l("Utilisateurs du système d'information"),
    "sites_count": _l("Implantations raccordées"),
    "domains_count": _l("Domaines d'annuaire (Active Directory)"),
    "backup_tb": _l("Données à sauvegarder, en To"),
    "vms_count": _l("Machines virtuelles"),
}
PURCHASING_REGIMES = {
    "public_code": _l("Code de la commande publique"),
    "voluntary": _l("Règles de la commande publique suivies volontairement"),
    "private": _l("Achats de droit privé"),
}
