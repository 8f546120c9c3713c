"""What a valid FINESS, SIREN or SIRET is, and the sentence for one that is not."""
import re
from collections.abc import Container
from typing import Any

from stdnum.exceptions import ValidationError
from stdnum.fr import siren as stdnum_siren
from stdnum.fr import siret as stdnum_siret

from marketplace.platform.errors import N_, Sentence

FINESS_PATTERN = re.compile(r"[0-9][0-9A-Z][0-9]{7}")
_DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)
_VALUE = {**{str(digit): digit for digit in range(10)}, "A": 1, "B": 2}


def has_finess_shape(finess: str) -> bool:
    """Nine characters: digits, the second one possibly a letter (domain §3)."""
    return FINESS_PATTERN.fullmatch(finess) is not None


def has_finess_key(finess: str) -> bool:
    """Luhn over the nine characters, Corsica's A counting as 1 and B as 2.

    Checked on 9,703 published numbers without a failure; no official statement was found (domain §3), so that the
    operator may accept a number that fails. A letter other than A or B has no known value: it fails.
    """
    total = 0
    for place, character in enumerate(reversed(finess)):
        value = _VALUE.get(character)
        if value is None:
            return False
        total += _DOUBLED[value] if place % 2 else value
    return total % 10 == 0


def finess_problem(finess: str, *, accepted: Container[str] = ()) -> Sentence | None:
    """Why this is not a FINESS number, None when it is one (or when the operator accepted it in spite of its key)."""
    if not has_finess_shape(finess):
        return Sentence(
            "finess_malformed",
            N_("« {value} » n'est pas un numéro FINESS : il en faut neuf caractères, des chiffres (une lettre est "
               "possible en deuxième position). Corrigez le numéro ; s'il a perdu son zéro de tête, remettez-le."),
            {"value": finess},
        )
    if not has_finess_key(finess) and finess not in accepted:
        return Sentence(
            "finess_key_wrong",
            N_("Le numéro FINESS « {value} » ne passe pas le contrôle de sa clé : un chiffre est sans doute faux. "
               "Vérifiez-le dans le répertoire FINESS ; s'il est exact, l'opérateur peut l'accepter avec un motif."),
            {"value": finess},
        )
    return None


def siren_problem(siren: str) -> Sentence | None:
    """Why this is not a SIREN, None when it is one (nine digits, Luhn)."""
    if siren.isascii() and siren.isdigit() and _passes(stdnum_siren, siren):
        return None
    return Sentence(
        "siren_wrong",
        N_("« {value} » n'est pas un SIREN valable (neuf chiffres et leur clé) : corrigez-le ou laissez la case vide."),
        {"value": siren},
    )


def siret_problem(siret: str) -> Sentence | None:
    """Why this is not a SIRET, None when it is one (14 digits, Luhn, La Poste's own sum)."""
    if siret.isascii() and siret.isdigit() and _passes(stdnum_siret, siret):
        return None
    return Sentence(
        "siret_wrong",
        N_("« {value} » n'est pas un SIRET valable (quatorze chiffres et leur clé) : "
           "corrigez-le ou laissez la case vide."),
        {"value": siret},
    )


def _passes(identifier: Any, number: str) -> bool:
    try:
        identifier.validate(number)
    except ValidationError:
        return False
    return True
