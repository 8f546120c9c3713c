"""French words for the vocabularies of amendments, put into the reader's language where they are shown."""
from flask_babel import lazy_gettext as _l

from marketplace.platform.errors import N_

KINDS = {
    "prices": _l("Prix : une nouvelle grille"),
    "maximum": _l("Maximum : en unités ou en euros"),
    "minimum": _l("Minimum dû au titulaire"),
    "term": _l("Durée : le dernier jour"),
    "members": _l("Établissements qui peuvent commander"),
    "indexation": _l("Formule d'indexation"),
    "fee": _l("Redevance de la centrale"),
    "other": _l("Autre clause, en toutes lettres"),
}
WHAT = {
    "prices": N_("nouvelle grille de prix"),
    "maximum": N_("nouveau maximum"),
    "minimum": N_("nouveau minimum"),
    "term": N_("nouveau dernier jour"),
    "members": N_("établissements qui peuvent commander"),
    "indexation": N_("nouvelle formule d'indexation"),
    "fee": N_("nouvelle redevance"),
    "other": N_("clause modifiée"),
}
"""What a version changes, in a few words."""
BASES = {
    "review_clause": _l("Clause de réexamen prévue au contrat (art. R2194-1) : sans plafond"),
    "further_services": _l("Prestations supplémentaires devenues nécessaires (art. R2194-2 et R2194-3) : 50 % chacun"),
    "unforeseen": _l("Circonstances imprévisibles (art. R2194-5) : 50 % chacun"),
    "not_substantial": _l("Modification non substantielle (art. R2194-7)"),
    "low_value": _l("Faible montant (art. R2194-8) : en cumul, sous 10 % et sous le seuil européen"),
    "mutual_agreement": _l("Accord des parties (art. 1193 du code civil)"),
    "hardship": _l("Imprévision (art. 1195 du code civil)"),
}
FIELDS = {
    "grid": _l("Prix"),
    "maximum_quantity": _l("Maximum"),
    "maximum_amount": _l("Maximum en euros"),
    "minimum_quantity": _l("Minimum dû au titulaire"),
    "ends_on": _l("Dernier jour"),
    "duration_reason": _l("Raison de la durée"),
    "formula": _l("Formule d'indexation"),
    "fee": _l("Redevance de la centrale"),
    "added": _l("Établissements ajoutés"),
    "removed": _l("Établissements retirés"),
    "text": _l("Texte"),
}
WORTH = {
    "maximum_amount": _l("le maximum en euros du contrat, tel que conclu"),
    "maximum_quantity": _l("le maximum en unités, tel que conclu, au prix atteint par le volume réuni, sur la durée"),
    "pooled_quantity": _l("le volume réuni, à son prix, sur la durée : le contrat n'a pas été conclu avec un maximum"),
}
"""How the initial value was found."""
REGIMES = {
    "public_code": _l(
        "Ce marché relève du code de la commande publique : ses articles R2194-1 à R2194-9 disent quand un avenant est permis "
        "sans nouvelle consultation."
    ),
    "voluntary": _l(
        "Ce marché suit volontairement le code de la commande publique : ses seuils (art. R2194-1 à R2194-9) s'y appliquent."
    ),
    "private": _l(
        "Ce marché relève du droit privé : un avenant demande l'accord des parties, sans seuil du code de la commande publique."
    ),
}
READERS_OF_ALL = _l("Un PDF de 10 Mio au plus. Le voient : votre centrale, le titulaire et les membres.")
READERS = {
    "fee": _l("Un PDF de 10 Mio au plus. Le voient : votre centrale et qui paie cette redevance, avant ou après."),
    "members": _l(
        "Un PDF de 10 Mio au plus. Le voient : votre centrale, le titulaire, et les membres qui peuvent lire le nom de tous "
        "les établissements ajoutés ou retirés."
    ),
}
"""Who reads the signed PDF, where the kind of the amendment says it is not everybody on the contract (views.py)."""
THRESHOLDS = {
    "low_value_percent": _l("Faible montant, fournitures et services, en % de la valeur initiale"),
    "low_value_percent_works": _l("Faible montant, travaux, en % de la valeur initiale"),
    "european_amount": _l("Seuil européen, fournitures et services, en € HT"),
    "european_amount_works": _l("Seuil européen, travaux, en € HT"),
    "each_percent": _l("Prestations supplémentaires ou circonstances imprévisibles, chacune, en % de la valeur initiale"),
}
