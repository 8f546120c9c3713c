"""What a valid FINESS, SIREN or SIRET is, what profile an establishment has, and who may be in a private grappe."""
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from stdnum.exceptions import ValidationError
from stdnum.fr import siren as stdnum_siren
from stdnum.fr import siret as stdnum_siret

from marketplace.establishments import legal_statuses
from marketplace.platform.errors import BadInput, N_, Sentence

FINESS_PATTERN = re.compile(r"[0-9][0-9A-Z][0-9]{7}")
SIZE_BANDS = ("under_50", "50_249", "250_plus")
IMPORTANT_FROM, ESSENTIAL_FROM = 50, 250
"""Size bands follow NIS 2: 50–249 important entity, from 250 essential entity (domain §3)."""
ACTIVITY_LEVELS = ("low", "medium", "high")
MEASURES = ("mco_stays", "mco_beds", "smr_beds", "psychiatry_beds", "home_places")
"""Activity figures an import may bring; a band says which one speaks for a type of establishment."""

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


def finess_problem(finess: str, *, accepted: Iterable[str] = ()) -> Sentence | None:
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
               "Vérifiez-le sur finess.esante.gouv.fr ; s'il est exact, l'opérateur peut l'accepter en disant pourquoi."),
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
        N_("« {value} » n'est pas un SIRET valable (quatorze chiffres et leur clé) : corrigez-le ou laissez la case vide."),
        {"value": siret},
    )


def _passes(identifier: object, number: str) -> bool:
    try:
        identifier.validate(number)  # type: ignore[attr-defined]
    except ValidationError:
        return False
    return True


_ABBREVIATIONS = {"st": "saint", "ste": "sainte", "sts": "saints", "stes": "saintes"}
_LIGATURES = str.maketrans({"œ": "oe", "æ": "ae", "ß": "ss"})
_NOT_A_WORD = re.compile(r"[^0-9a-z]+")


def fold(text: str) -> str:
    """Text as it is searched: no case, accents or punctuation, one space between words, « St » read as « Saint »."""
    if not text.isascii():
        text = unicodedata.normalize("NFKD", text.lower().translate(_LIGATURES))
        text = "".join(character for character in text if not unicodedata.combining(character))
    words = _NOT_A_WORD.sub(" ", text.lower()).split()
    return " ".join([_ABBREVIATIONS.get(word, word) for word in words])


def size_band(staff: Decimal | int | None) -> str | None:
    """The size band of a number of people, salaried and liberal together; None when it is not known."""
    if staff is None:
        return None
    if staff < IMPORTANT_FROM:
        return "under_50"
    return "50_249" if staff < ESSENTIAL_FROM else "250_plus"


@dataclass(frozen=True)
class Band:
    """For one type of establishment: the figure that speaks for its activity, and from where it is medium and high."""

    measure: str
    medium_from: int
    high_from: int


def check_band(band: Band) -> None:
    """A band needs a known measure and thresholds in order; BadInput otherwise."""
    errors: dict[str, list[str]] = {}
    if band.measure not in MEASURES:
        errors["measure"] = [N_("Choisissez une des mesures d'activité proposées.")]
    if band.medium_from < 1:
        errors["medium_from"] = [N_("Le seuil « moyenne » est d'au moins 1.")]
    if band.high_from <= band.medium_from:
        errors["high_from"] = [N_("Le seuil « forte » dépasse le seuil « moyenne ».")]
    if errors:
        raise BadInput(errors)


def activity_level(figure: int | None, band: Band | None) -> str | None:
    """low, medium or high by the band of the type; None when the type has no band or the figure is not known (§4b.13)."""
    if figure is None or band is None:
        return None
    if figure < band.medium_from:
        return "low"
    return "medium" if figure < band.high_from else "high"


def grappe_eligibility(sector: str | None, legal_status: str | None, *, is_closed: bool = False) -> Sentence | None:
    """Why an establishment may not be in a private grappe, None when it may (domain §4b.12).

    The legal status decides, the sector only where the status is unknown or silent; never the FINESS category (public
    nursing homes exist). For-profit, non-profit and private medico-social establishments may. While lists of GHT are
    not imported, the refusal of a public establishment is neutral: it does not say whether it belongs to one.
    """
    if is_closed:
        return Sentence(
            "establishment_closed",
            N_("Cet établissement est fermé d'après le fichier FINESS : choisissez un site ouvert, "
               "ou faites corriger sa fiche FINESS."),
        )
    actual = legal_statuses.sector_of(legal_status) or sector
    if actual == legal_statuses.PUBLIC:
        return Sentence(
            "public_establishment",
            N_("Cet établissement est public : il ne peut pas rejoindre une grappe privée. S'il appartient à un GHT, "
               "le plan s'y applique à l'échelle du GHT entier ; sinon, il peut rejoindre un groupement de commandes."),
        )
    if actual is None:
        return Sentence(
            "legal_status_unknown",
            N_("Le statut juridique de cet établissement n'est pas connu, on ne peut donc pas dire s'il est privé : "
               "demandez à l'opérateur de la plateforme de l'importer."),
        )
    return None
