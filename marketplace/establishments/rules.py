"""What profile an establishment has, how its name is searched, and who may be in a private grappe."""
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from marketplace.establishments import legal_statuses
from marketplace.platform.errors import N_, BadInput, Sentence

SIZE_BANDS = ("under_50", "50_249", "250_plus")
IMPORTANT_FROM, ESSENTIAL_FROM = 50, 250
"""Size bands follow NIS 2: 50–249 important entity, from 250 essential entity (domain §3)."""
ACTIVITY_LEVELS = ("low", "medium", "high")
MEASURES = ("mco_stays", "mco_beds", "smr_beds", "psychiatry_beds", "home_places")
"""Activity figures an import may bring; a band says which one speaks for a type of establishment."""

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
class Profile:
    """The two fields by which establishments are compared (domain §4b.13); None where it is not known."""

    size_band: str | None
    activity_level: str | None


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
    """low, medium or high by the band of the type (§4b.13); None without a band or a figure."""
    if figure is None or band is None:
        return None
    if figure < band.medium_from:
        return "low"
    return "medium" if figure < band.high_from else "high"


LARGEST_FIGURE = 10_000_000
"""Above it a number of machines or people is a typing mistake."""


def check_estate(figures: Mapping[str, int | None]) -> None:
    """Every declared figure is empty or a plausible count; BadInput otherwise."""
    errors = {
        name: [N_("Écrivez un nombre entre 0 et 10 000 000, ou laissez la case vide si vous ne savez pas.")]
        for name, figure in figures.items()
        if figure is not None and not 0 <= figure <= LARGEST_FIGURE
    }
    if errors:
        raise BadInput(errors)


def is_closed(closed_on: date | None, today: date) -> bool:
    """Whether the site has closed; a closing date still to come leaves it open."""
    return closed_on is not None and closed_on <= today


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
