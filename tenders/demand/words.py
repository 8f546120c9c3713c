"""The closed vocabularies of demand, and the words of quantities in its sentences."""
from decimal import Decimal
from functools import cache

from marketplace.categories.units import UNITS, unit_word
from marketplace.platform.errors import N_, Sentence

FIRMNESS = ("indicative", "conditional", "firm")
STATUSES = ("counted", "waitlisted", "awaiting_signature", "not_counted", "to_confirm", "excluded", "released")
"""What a need is in its pool; stored, because the maintained totals and the claims count on it.

`not_counted`: an indicative need, known and nothing more. `to_confirm`: conditional or indicative, asked again after an
extension. `excluded`: left out by a closing. `released`: ended with its closing, its lot or its grappe membership.
"""
WITHDRAWN = "withdrawn"
"""The status of a need's last version, once the need itself is gone."""
OUTCOMES = ("met", "not_met")
POLICY_STEPS = ("extend", "merge", "release", "cancel")

_EVERY_UNIT_WORD = (
    N_("poste"), N_("postes"), N_("utilisateur"), N_("utilisateurs"), N_("jour"), N_("jours"), N_("domaine"),
    N_("domaines"), N_("exercice"), N_("exercices"), N_("To"), N_("VM"), N_("site"), N_("sites"), N_("plan"),
    N_("plans"), N_("forfait"), N_("forfaits"),
)  # fmt: skip
"""For the extraction of messages: sentences carry these as sentences of their own."""


def unit_of(code: str, quantity: int = 2) -> Sentence:
    """The word that follows a quantity, still to be put into the reader's language: "poste", "postes"."""
    return _unit(code, unit_word(code, quantity, "fr"))


@cache
def _unit(code: str, word: str) -> Sentence:
    """One sentence for each word: a closing says it to every member."""
    return Sentence(f"unit_{code}", word)


def every_unit_word() -> set[str]:
    """French words of all units, singular and plural (a test compares them with the marked ones)."""
    return {word for words in UNITS.values() for word in words.fr}


def pool_label(code: str, title: str, vehicle: str) -> str:
    """A lot named so that no other is meant: "A1 · EDR managé (Marché 2027)"."""
    return f"{code} · {title} ({vehicle})"


def price_of(unit_price: Decimal) -> Sentence:
    """A unit price in euros as a sentence knows it, two decimals or as many as it has: "4,10 €"."""
    whole, _, decimals = f"{unit_price:f}".partition(".")
    decimals = decimals.rstrip("0").ljust(2, "0")
    return Sentence("unit_price", N_("{euros},{cents} €"), {"euros": int(whole), "cents": decimals})


def amount_of(amount: Decimal | None) -> Sentence:
    """An amount in euros as a sentence knows it: "44 280 €", or "44 280,50 €" when there are cents."""
    if amount is None:
        return Sentence("no_amount", N_("montant inconnu"))
    if amount == amount.to_integral_value():
        return Sentence("whole_amount", N_("{euros} €"), {"euros": int(amount)})
    return price_of(amount)
