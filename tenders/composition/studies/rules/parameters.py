"""What may be asked of a study: which categories, where, how large its purchases may be, and how long it may take."""
from dataclasses import dataclass
from typing import Final

from marketplace.platform.errors import N_, BadInput

SHORTEST: Final = 5
LONGEST: Final = 900
"""Seconds of search."""
LONGEST_TERM: Final = 48
"""Months: a framework agreement lasts four years at most without a written reason (domain §4)."""
MOST_COMPARED: Final = 4


@dataclass(frozen=True)
class Parameters:
    """One study's wishes. `regions` are INSEE codes (none: everywhere); members per purchase are establishments.

    Costs are counted over `term_months`; certificates must hold all that time. `time_limit` in seconds.
    """

    categories: tuple[str, ...]
    regions: tuple[str, ...] = ()
    least_members: int = 1
    most_members: int | None = None
    keep_grappes_together: bool = False
    time_limit: int = 60
    term_months: int = 36


def check_parameters(asked: Parameters) -> None:
    """BadInput names each wish that cannot be followed."""
    errors: dict[str, list[str]] = {}
    if not asked.categories:
        errors["categories"] = [N_("Choisissez au moins une catégorie à étudier.")]
    if asked.least_members < 1:
        errors["least_members"] = [N_("Un achat groupé a au moins un membre.")]
    if asked.most_members is not None and asked.most_members < asked.least_members:
        errors["most_members"] = [N_("Le nombre de membres au plus est inférieur au nombre au moins : corrigez l'un des deux.")]
    if not SHORTEST <= asked.time_limit <= LONGEST:
        errors["time_limit"] = [N_("Donnez entre 5 et 900 secondes de recherche.")]
    if not 1 <= asked.term_months <= LONGEST_TERM:
        errors["term_months"] = [N_("Comptez les coûts sur 1 à 48 mois.")]
    if errors:
        raise BadInput(errors)
