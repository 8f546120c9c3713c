"""The units of work (unités d'œuvre): what needs, minima, maxima and price brackets count (domain §4b.1)."""
from dataclasses import dataclass
from decimal import Decimal

PRICE_PERIODS = ("once", "month", "year")
"""A price is per unit and per one of these; quantities themselves are stocks and have no period."""


@dataclass(frozen=True)
class UnitWords:
    """A unit's words: (singular, plural) in French and in English."""

    fr: tuple[str, str]
    en: tuple[str, str]


UNITS = {
    "endpoint": UnitWords(("poste", "postes"), ("endpoint", "endpoints")),
    "user": UnitWords(("utilisateur", "utilisateurs"), ("user", "users")),
    "day": UnitWords(("jour", "jours"), ("day", "days")),
    "domain": UnitWords(("domaine", "domaines"), ("domain", "domains")),
    "exercise": UnitWords(("exercice", "exercices"), ("exercise", "exercises")),
    "tb": UnitWords(("To", "To"), ("TB", "TB")),
    "vm": UnitWords(("VM", "VM"), ("VM", "VMs")),
    "site": UnitWords(("site", "sites"), ("site", "sites")),
    "plan": UnitWords(("plan", "plans"), ("plan", "plans")),
    "retainer": UnitWords(("forfait", "forfaits"), ("retainer", "retainers")),
}


def unit_word(code: str, quantity: int | Decimal = 2, locale: str = "fr") -> str:
    """The word that follows a quantity ("1 poste", "300 postes"); plural by default; KeyError for an unknown unit.

    French counts 0 and 1 (and 1,5) in the singular, English only 1.
    """
    words = UNITS[code]
    if locale.startswith("en"):
        return words.en[0 if quantity == 1 else 1]
    return words.fr[0 if -2 < quantity < 2 else 1]
