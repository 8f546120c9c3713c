"""What a cell of a published list says of hosting sites and of subcontractors: entries one after another, each complete.

Nothing is guessed: an entry that does not say its country, or a French company without its SIREN, is a fault of the row.
"""
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from stdnum.fr import siren as siren_number

from marketplace.platform.errors import N_, Sentence

_ENTRIES = re.compile(r"[;|\n]+")
_SITE = re.compile(r"(?P<name>[^,]+),\s*(?P<address>.+?)\s*\((?P<country>[^()]+)\)")
_PARTNER = re.compile(r"(?P<name>.+?)\s*\((?P<said>[^()]+)\)")
FRANCE: Final = "FR"


@dataclass(frozen=True)
class ListedSite:
    """A hosting site that a list names; `country` is its ISO code."""

    name: str
    address: str
    country: str


@dataclass(frozen=True)
class ListedPartner:
    """A subcontractor that a list names; `siren` nine digits, for a French one alone."""

    name: str
    country: str
    siren: str | None = None


def read_sites(cell: str, countries: Mapping[str, str], faults: list[Sentence]) -> tuple[ListedSite, ...] | None:
    """"Name, address (country)" entries; None when the cell is empty: the list then says nothing. Faults are added.

    `countries`: what a country may be called, in lower case, to its code.
    """
    found = []
    for entry in _entries(cell):
        read = _SITE.fullmatch(entry)
        country = countries.get(read["country"].strip().casefold()) if read else None
        if read is None or country is None:
            faults.append(Sentence("list_site_unread", SITE_UNREAD, {"cell": entry[:80]}))
        else:
            found.append(ListedSite(read["name"].strip(), read["address"].strip(), country))
    return tuple(found) or None


def read_partners(cell: str, countries: Mapping[str, str], faults: list[Sentence]) -> tuple[ListedPartner, ...]:
    """"Name (SIREN)" entries for French companies, "name (country)" for others. Faults are added."""
    found = []
    for entry in _entries(cell):
        read = _PARTNER.fullmatch(entry)
        digits = re.sub(r"\D", "", read["said"]) if read else ""
        country = countries.get(read["said"].strip().casefold()) if read else None
        if read is not None and siren_number.is_valid(digits):
            found.append(ListedPartner(read["name"].strip(), FRANCE, digits))
        elif read is not None and country not in (None, FRANCE):
            found.append(ListedPartner(read["name"].strip(), str(country)))
        else:
            faults.append(Sentence("list_subcontractor_unread", PARTNER_UNREAD, {"cell": entry[:80]}))
    return tuple(found)


def _entries(cell: str) -> list[str]:
    return [entry.strip() for entry in _ENTRIES.split(cell) if entry.strip()]


SITE_UNREAD: Final = N_(
    "« {cell} » n'est pas un site d'hébergement complet : écrivez « nom, adresse (pays) », un site après l'autre séparés "
    "par |."
)
PARTNER_UNREAD: Final = N_(
    "« {cell} » n'est pas un sous-traitant complet : écrivez « nom (SIREN) », ou « nom (pays) » hors de France, séparés par |."
)
