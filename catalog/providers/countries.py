"""Countries where a provider may host or subcontract, and which of them lie in the European Economic Area."""
from typing import Final

from marketplace.platform.errors import N_

EEA: Final = {
    "AT": N_("Autriche"), "BE": N_("Belgique"), "BG": N_("Bulgarie"), "CY": N_("Chypre"), "CZ": N_("Tchéquie"),
    "DE": N_("Allemagne"), "DK": N_("Danemark"), "EE": N_("Estonie"), "ES": N_("Espagne"), "FI": N_("Finlande"),
    "FR": N_("France"), "GR": N_("Grèce"), "HR": N_("Croatie"), "HU": N_("Hongrie"), "IE": N_("Irlande"),
    "IS": N_("Islande"), "IT": N_("Italie"), "LI": N_("Liechtenstein"), "LT": N_("Lituanie"), "LU": N_("Luxembourg"),
    "LV": N_("Lettonie"), "MT": N_("Malte"), "NL": N_("Pays-Bas"), "NO": N_("Norvège"), "PL": N_("Pologne"),
    "PT": N_("Portugal"), "RO": N_("Roumanie"), "SE": N_("Suède"), "SI": N_("Slovénie"), "SK": N_("Slovaquie"),
}  # fmt: skip
"""The 27 Member States with Iceland, Liechtenstein and Norway, by ISO 3166-1 alpha-2 code."""
OUTSIDE: Final = {
    "CA": N_("Canada"), "CH": N_("Suisse"), "GB": N_("Royaume-Uni"), "IN": N_("Inde"), "MA": N_("Maroc"),
    "MU": N_("Maurice"), "TN": N_("Tunisie"), "US": N_("États-Unis"), "ZZ": N_("Autre pays hors de l'EEE"),
}  # fmt: skip
COUNTRIES: Final = EEA | OUTSIDE
