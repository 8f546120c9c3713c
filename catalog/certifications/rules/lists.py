"""What a published list of certified or qualified companies says, row by row, whatever its columns are called.

The official lists have no stable format: the operator says which column holds what; cells are read the ways people
write them, and every cell that cannot be read is named.
"""
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from catalog.certifications.rules.places import ListedPartner, ListedSite, read_partners, read_sites
from catalog.certifications.rules.states import Scheme
from marketplace.platform.errors import N_, RuleBroken, Sentence

FIELDS: Final = (
    "name", "siren", "number", "body", "version", "activities", "valid_from", "valid_until", "scope", "sites",
    "subcontractors",
)  # fmt: skip
MOST_ROWS: Final = 5000
TITLES: Final[Mapping[str, tuple[str, ...]]] = {
    "name": ("nom", "societe", "raison sociale", "hebergeur", "prestataire", "entreprise", "organisation", "denomination",
             "name", "company", "provider"),
    "siren": ("siren", "numero siren", "n siren", "siret"),
    "number": ("numero", "numero de certificat", "n certificat", "certificat", "reference", "number", "certificate"),
    "body": ("organisme", "organisme certificateur", "certificateur", "delivre par", "body"),
    "version": ("version", "referentiel", "version du referentiel"),
    "activities": ("activites", "activites certifiees", "portee", "portees", "activities"),
    "valid_from": ("date de debut", "debut", "date de delivrance", "delivre le", "date d effet", "valid from", "start"),
    "valid_until": ("date de fin", "fin", "date d expiration", "expiration", "valable jusqu au", "fin de validite",
                    "date de fin de validite", "valid until", "end"),
    "scope": ("perimetre", "scope", "description", "service"),
    "sites": ("sites", "sites d hebergement", "site d hebergement", "sites certifies", "centres de donnees", "datacenters",
              "hosting sites"),
    "subcontractors": ("sous traitants", "sous traitants declares", "sous traitant", "subcontractors"),
}  # fmt: skip
"""Titles seen above such columns, folded; the first that a list uses is proposed."""
LABELS: Final[Mapping[str, frozenset[int]]] = {
    "infrastructure": frozenset({1, 2}), "hebergeur infrastructure": frozenset({1, 2}),
    "infogereur": frozenset({3, 4, 5, 6}), "hebergeur infogereur": frozenset({3, 4, 5, 6}),
}  # fmt: skip
"""What the labels of HDS cover (domain §5)."""
LEGAL_FORMS: Final = frozenset("sa sas sasu sarl eurl snc gie scop se spa gmbh ltd inc bv nv ag".split())
OUTCOMES: Final = ("added", "verified", "known", "proposed", "unmatched", "bad")
BAD: Final = "bad"
_DATE = re.compile(r"(?:(\d{4})-(\d{1,2})-(\d{1,2})|(\d{1,2})[/.-](\d{1,2})[/.-](\d{4}))(?:[T ].*)?$")
_RANGE = re.compile(r"(\d{1,3})\s*(?:-|\u2013|\u00e0|a|to)\s*(\d{1,3})")


PlaceKey = tuple[str, str, str]
"""A hosting site's folded name and address, and the code of its country."""
PartnerKey = tuple[str, str]
"""A subcontractor's SIREN, or its folded name where it has none, and the code of its country."""


@dataclass(frozen=True)
class ListedRow:
    """One readable row. `activities` are numbers of the scheme; `siren` nine digits or empty.

    `sites` is None where the list says nothing of them; `says_start` is false where `valid_from` is the list's own day.
    """

    line: int
    name: str
    siren: str
    number: str
    body: str
    version: str | None
    activities: frozenset[int]
    valid_from: date
    valid_until: date
    scope: str
    sites: tuple[ListedSite, ...] | None = None
    subcontractors: tuple[ListedPartner, ...] = ()
    says_start: bool = False


@dataclass(frozen=True)
class BadRow:
    """A row that cannot be read: its line as the sender counts them, its name if there is one, and every fault."""

    line: int
    name: str
    faults: tuple[Sentence, ...]


@dataclass(frozen=True)
class Held:
    """A certificate of the scheme that is known already. `state` on the day of the import."""

    key: str
    number: str
    valid_from: date
    valid_until: date
    state: str
    version: str | None = None
    activities: frozenset[int] = frozenset()
    level: int | None = None
    sites: frozenset[PlaceKey] = frozenset()
    """The hosting sites it names."""


def fold(text: str) -> str:
    """Lower case, without accents nor punctuation, single spaces; letters of every alphabet stay."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    letters = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return " ".join(re.sub(r"[\W_]+", " ", letters).split())


def company_key(name: str) -> str:
    """A company's name without its legal form: what two spellings of it share."""
    return " ".join(word for word in fold(name).split() if word not in LEGAL_FORMS)


def place_key(name: str, address: str, country: str) -> PlaceKey:
    """What two spellings of one place share: a name is not enough, every town may have a "DC1"."""
    return fold(name), fold(address), country


def partner_key(name: str, country: str, siren: str | None) -> PartnerKey:
    """What two spellings of one subcontractor share."""
    return siren or fold(name), country


def site_keys(row: ListedRow) -> set[PlaceKey]:
    """The hosting sites of a row; a row silent on sites names none."""
    return {place_key(site.name, site.address, site.country) for site in row.sites or ()}


def partner_keys(row: ListedRow) -> set[PartnerKey]:
    """The subcontractors of a row."""
    return {partner_key(one.name, one.country, one.siren) for one in row.subcontractors}


def guess_mapping(titles: Sequence[str]) -> dict[str, int]:
    """The column of each field that the titles betray, from 0; a column serves once."""
    folded = [fold(title) for title in titles]
    found: dict[str, int] = {}
    for field in FIELDS:
        for wanted in TITLES[field]:
            place = next((n for n, title in enumerate(folded) if title == wanted and n not in found.values()), None)
            if place is not None:
                found[field] = place
                break
    return found


def check_mapping(mapping: Mapping[str, int], width: int) -> None:
    """Refuse a mapping that cannot say who holds what until when."""
    if set(mapping) - set(FIELDS) or any(not 0 <= place < width for place in mapping.values()):
        raise RuleBroken("list_column_unknown", "Une colonne choisie n'existe pas dans ce fichier : rechargez la page.")
    if len(set(mapping.values())) < len(mapping):
        raise RuleBroken("list_column_twice", "La même colonne sert deux fois : choisissez-en une par information.")
    if "name" not in mapping and "siren" not in mapping:
        raise RuleBroken("list_without_company", "Dites quelle colonne nomme la société, ou donne son SIREN.", field="name")
    if "valid_until" not in mapping:
        raise RuleBroken("list_without_end", "Dites quelle colonne donne la fin de validité.", field="valid_until")


def read_list(
    rows: Sequence[Sequence[str]], mapping: Mapping[str, int], scheme: Scheme, *, version: str | None, listed_on: date,
    countries: Mapping[str, str] | None = None,
) -> list[ListedRow | BadRow]:  # fmt: skip
    """Every row after the titles; `version` where the list names none; it begins on `listed_on` when no start is given.

    `countries`: what a country may be called, in lower case, to its code.
    """
    read = []
    for line, cells in enumerate(rows[1:], 2):
        if any(cell.strip() for cell in cells):
            said = {name: cells[place].strip() if place < len(cells) else "" for name, place in mapping.items()}
            read.append(_row(line, said, scheme, version, listed_on, countries or {}))
    return read


def _row(
    line: int, said: Mapping[str, str], scheme: Scheme, version: str | None, listed_on: date, countries: Mapping[str, str]
) -> ListedRow | BadRow:
    name = said.get("name", "")
    siren = re.sub(r"\D", "", said.get("siren", ""))[:9]
    faults: list[Sentence] = []
    if not name and not siren:
        faults.append(Sentence("list_company_missing", COMPANY_MISSING))
    ends = _day(said["valid_until"], faults)
    starts = _day(said["valid_from"], faults) if said.get("valid_from") else listed_on
    numbers = _activities(said.get("activities", ""), scheme, faults)
    named = _version(said.get("version", ""), scheme, version, faults)
    sites = read_sites(said.get("sites", ""), countries, faults) if scheme.names_sites else None
    partners = read_partners(said.get("subcontractors", ""), countries, faults)
    if faults or ends is None or starts is None:
        return BadRow(line, name or siren, tuple(faults))
    return ListedRow(
        line, name, siren, said.get("number", ""), said.get("body", ""), named, numbers, starts, ends, said.get("scope", ""),
        sites, partners, bool(said.get("valid_from")),
    )


def _day(cell: str, faults: list[Sentence]) -> date | None:
    found = _DATE.match(cell)
    if found:
        year, month, day, day2, month2, year2 = found.groups()
        try:
            return date(int(year or year2), int(month or month2), int(day or day2))
        except ValueError:
            pass
    faults.append(Sentence("list_not_a_date", NOT_A_DATE, {"cell": cell[:40]}))
    return None


def _activities(cell: str, scheme: Scheme, faults: list[Sentence]) -> frozenset[int]:
    """Numbers, ranges ("1 à 4") and labels; nothing where the scheme has none."""
    if not scheme.activities:
        return frozenset()
    found: set[int] = set()
    if scheme.code == "hds":
        for part in re.split(r"[,;/+]| et ", cell):
            found |= LABELS.get(fold(part), frozenset())
    for first, last in _RANGE.findall(cell):
        found |= set(range(int(first), min(int(last), int(first) + 100) + 1))
    found |= {int(number) for number in re.findall(r"\d{1,3}", cell)}
    if not found or found - set(scheme.activities):
        faults.append(Sentence("list_activity_unread", ACTIVITY_UNREAD, {"cell": cell[:60], "scheme": scheme.name}))
    return frozenset(found)


def _version(cell: str, scheme: Scheme, version: str | None, faults: list[Sentence]) -> str | None:
    if not scheme.versions:
        return None
    said = fold(cell)
    if not said and version in scheme.versions:
        return version
    words = [said, *said.split()]
    named = [code for code in scheme.versions if fold(code) in words or fold(code).strip("v") in words]
    if len(named) == 1:
        return named[0]
    values = {"cell": cell[:40] or "–", "versions": ", ".join(scheme.versions)}
    faults.append(Sentence("list_version_unread", VERSION_UNREAD, values))
    return None


def same_certificate(row: ListedRow, held: Sequence[Held]) -> tuple[str, Held | None]:
    """What a row becomes beside the certificates of its provider in the scheme, and which of them it is about.

    By number when both have one, else by last day. `bad`: the list and what is known contradict one another.
    """
    same = [one for one in held if row.number and fold(one.number) == fold(row.number)]
    same = same or [one for one in held if one.valid_until == row.valid_until and not (row.number and one.number)]
    if not same:
        return "added", None
    known = max(same, key=lambda one: (one.state == "verified", one.valid_until))
    if known.valid_until != row.valid_until or known.state in ("rejected", "withdrawn", "suspended"):
        return BAD, known
    if known.state == "declared" and claims_more(row, known):
        return BAD, known
    return ("verified" if known.state == "declared" else "known"), known


def claims_more(row: ListedRow, known: Held) -> bool:
    """Whether a declaration says more than the list: another version, an earlier start than the list gives, a level,
    activities or sites it does not name. A list silent on sites names none.
    """
    more_sites = not known.sites <= site_keys(row)
    more_activities = not known.activities <= row.activities
    more_days = row.says_start and known.valid_from < row.valid_from
    return known.version != row.version or known.level is not None or more_activities or more_sites or more_days


def contradiction(row: ListedRow, known: Held) -> Sentence:
    """Why a row is `bad` although it can be read."""
    if known.state in ("rejected", "withdrawn", "suspended"):
        return Sentence("list_state_differs", STATE_DIFFERS[known.state])
    if known.valid_until == row.valid_until:
        return Sentence("list_covers_less", COVERS_LESS)
    return Sentence("list_end_differs", END_DIFFERS, {"listed": row.valid_until, "known": known.valid_until})


COMPANY_MISSING: Final = N_("La société manque : ni nom, ni SIREN.")
NOT_A_DATE: Final = N_("« {cell} » n'est pas une date : écrivez par exemple 31/12/2027.")
ACTIVITY_UNREAD: Final = N_("« {cell} » ne dit pas quelles activités {scheme} sont couvertes : écrivez par exemple 1, 2, 5.")
VERSION_UNREAD: Final = N_("« {cell} » n'est pas une version connue : choisissez parmi {versions}, ou une version par défaut.")
END_DIFFERS: Final = N_(
    "La liste dit « jusqu'au {listed} », le certificat connu « jusqu'au {known} » : vérifiez lequel est juste."
)
COVERS_LESS: Final = N_(
    "Le prestataire a déclaré une autre version, un début plus tôt, un niveau, des activités ou des sites que la liste ne "
    "donne pas : examinez sa déclaration."
)
STATE_DIFFERS: Final = {
    "rejected": N_("Ce certificat a été refusé ici : revoyez cette décision avant de l'importer."),
    "withdrawn": N_("Ce certificat a été retiré ici : revoyez cette décision avant de l'importer."),
    "suspended": N_("Ce certificat est suspendu ici : levez la suspension avant de l'importer."),
}
