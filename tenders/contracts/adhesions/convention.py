"""What a vehicle's convention says, in French whoever reads it: same terms and member, same text, same fingerprint."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Final

from marketplace.platform.i18n import euros
from marketplace.platform.money import incl_vat

CONVENTION_VERSION: Final = 2
"""Version of the wording below: a change of words is another version, and what was signed keeps its own text."""
TECHNIQUES: Final = {
    "framework_call_offs": "accord-cadre à bons de commande",
    "framework_mini_competitions": "accord-cadre à marchés subséquents",
    "framework_mixed": "accord-cadre mixte",
    "dynamic_purchasing_system": "système d'acquisition dynamique",
    "resale": "achat puis revente par la centrale",
    "listing": "référencement",
    "order_group": "groupement de commandes",
}
REGIMES: Final = {
    "public_code": "code de la commande publique",
    "voluntary": "application volontaire du code de la commande publique",
    "private": "droit privé",
}


@dataclass(frozen=True)
class ConventionLot:
    """A lot as the convention states it; bounds in units, None: none, 0: nothing at all."""

    code: str
    title: str
    unit: str
    minimum: int | None
    maximum: int | None


@dataclass(frozen=True)
class ConventionTerms:
    """What the vehicle was opened with: none of it changes afterwards, so that the text does not either."""

    vehicle: str
    centre: str
    technique: str
    regime: str
    starts_on: date
    ends_on: date
    is_required: bool
    yearly_fee: Decimal | None
    lots: tuple[ConventionLot, ...]


def convention_text(terms: ConventionTerms, member: str, siren: str) -> str:
    """The convention of one member, one paragraph a line; same terms and member, same text."""
    return "\n".join(
        (
            f"Convention d'adhésion au marché « {terms.vehicle} », version {CONVENTION_VERSION}.",
            f"Entre {terms.centre}, centrale d'achat, et {member} (SIREN {siren or 'non renseigné'}), adhérent.",
            f"Objet : l'adhérent recourt à la centrale pour le marché « {terms.vehicle} » ({TECHNIQUES[terms.technique]}, "
            f"{REGIMES[terms.regime]}), du {terms.starts_on:%d/%m/%Y} au {terms.ends_on:%d/%m/%Y}.",
            *_lots(terms.lots),
            "Engagement : adhérer n'engage aucun volume. Seuls engagent l'adhérent les besoins fermes que son signataire a "
            "confirmés, dans les limites de quantité et de prix qu'il a acceptées, et les commandes qu'il passe.",
            "Commandes : l'adhérent commande au prix et dans l'enveloppe des contrats conclus par la centrale ; il reçoit, "
            "certifie et paie ce qu'il a commandé. Il ne répond pas des commandes des autres adhérents."
            + (" Il ne passe aucune commande avant la signature de la présente convention." if terms.is_required else ""),
            _fee(terms.yearly_fee),
            "Fin : l'adhérent ou la centrale met fin à l'adhésion par un écrit motivé. Les commandes déjà passées et les "
            "besoins fermes déjà confirmés restent dus.",
        )
    )


def _fee(yearly: Decimal | None) -> str:
    others = "Les redevances qu'un contrat met à la charge de ses membres sont écrites sur ce contrat et s'y ajoutent."
    if yearly is None:
        return f"Cotisation : adhérer ne coûte rien. {others}"
    french = partial(euros, cents=True, locale="fr")  # a signed text, the same whoever reads
    amount = f"{french(yearly)} HT par an, soit {french(incl_vat(yearly))} TTC"
    return (
        f"Cotisation : l'adhérent verse à la centrale {amount}, dus à la signature puis chaque année le même jour, tant que "
        "l'adhésion court et au plus tard jusqu'à la fin du marché. Une année commencée est due en entier, même si l'adhésion "
        "prend fin dans son cours ; qui adhère à nouveau pendant une année déjà due ne la paie pas deux fois. "
        f"{others}"
    )


def fingerprint(text: str) -> str:
    """SHA-256 of a convention's text, in hexadecimal."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _lots(lots: Sequence[ConventionLot]) -> list[str]:
    return [
        f"Lot {lot.code}, {lot.title} : {_bound('minimum', lot.minimum, lot.unit)}, {_bound('maximum', lot.maximum, lot.unit)}."
        for lot in lots
    ]


def _bound(name: str, value: int | None, unit: str) -> str:
    return f"aucun {name}" if value is None else f"{name} {value} {unit}"
