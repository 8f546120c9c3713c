"""Vehicles and lots in words: what a reader sees for each code."""
from flask_babel import lazy_gettext as _l

TECHNIQUES = {
    "framework_call_offs": _l("Accord-cadre à bons de commande"),
    "framework_mini_competitions": _l("Accord-cadre à marchés subséquents"),
    "framework_mixed": _l("Accord-cadre mixte"),
    "dynamic_purchasing_system": _l("Système d'acquisition dynamique"),
    "resale": _l("Achat puis revente par la centrale"),
    "listing": _l("Référencement"),
    "order_group": _l("Groupement de commandes"),
}
REGIMES = {
    "public_code": _l("Code de la commande publique"),
    "voluntary": _l("Application volontaire du code"),
    "private": _l("Droit privé"),
}
LOT_KINDS = {
    "supply": _l("Fournitures"),
    "service": _l("Services"),
    "support": _l("Marché support"),
}
PRICE_PERIODS = {"once": _l("une fois"), "month": _l("par mois"), "year": _l("par an")}
MINIMUM_KINDS = {
    "none": _l("Aucun"),
    "indicative": _l("Indicatif : avertit sans bloquer"),
    "contractual": _l("Contractuel : sans lui, rien n'est lancé"),
}
BASES = {"quantity": _l("En unités"), "amount": _l("En euros HT sur toute la durée")}
MINIMUM_SCOPES = {"lot": _l("Pour le lot entier"), "grappe": _l("Pour chaque grappe")}
POLICY_STEPS = {
    "extend": _l("Prolonger une fois le recueil"),
    "merge": _l("Réunir avec une autre grappe ou un autre lot"),
    "release": _l("Libérer les engagements"),
    "cancel": _l("Annuler le lot"),
}
DELIVERY_MODES = {"on_site": _l("Sur site"), "remote": _l("À distance")}
STATUSES = {
    "draft": _l("En préparation"),
    "open": _l("Ouvert"),
    "closed": _l("Clos"),
    "cancelled": _l("Annulé"),
    "ended": _l("Terminé"),
}
