"""Fictitious establishments with valid check digits, as a file in the SAE layout: they come in by the real import."""
import csv
import io
from dataclasses import dataclass
from random import Random

from marketplace.establishments.territory import DEPARTMENTS, region_of

SEED = 2027
KINDS = (
    # category, label, what its name begins with, weight, smallest and largest staff
    ("365", "Etablissement de Soins Pluridisciplinaire", "Clinique de démonstration", 40, 60, 420),
    ("109", "Etablissement de santé privé autorisé en SSR", "Centre de rééducation de démonstration", 30, 35, 190),
    ("161", "Maison de Santé pour Maladies Mentales", "Clinique psychiatrique de démonstration", 18, 30, 160),
    ("500", "Etablissement d'hébergement pour personnes âgées dépendantes", "EHPAD de démonstration", 30, 25, 110),
)
PUBLIC_KIND = ("355", "Centre Hospitalier (C.H.)", "Hôpital de démonstration", 0, 240, 1900)
PLANTS = (
    "de l'Aubépine", "de la Bruyère", "de la Capucine", "du Chèvrefeuille", "du Coquelicot", "de l'Églantine", "du Genêt",
    "de la Glycine", "de l'Hellébore", "de l'Iris", "du Jasmin", "de la Lavande", "du Lilas", "de la Luzerne", "du Mimosa",
    "du Myosotis", "de la Pervenche", "de la Pivoine", "du Romarin", "de la Sauge", "du Tilleul", "du Trèfle",
    "de la Valériane", "de la Verveine",
)  # fmt: skip
TOWNS = (
    "Exempleville", "Bourg-Fictif", "Modèle-sur-Rive", "Saint-Exemple", "Fictive-les-Bains", "Maquette-le-Château",
    "Essai-la-Vallée", "Esquisse-sur-Mer", "Canevas-le-Haut", "Brouillon-les-Pins",
)  # fmt: skip
GROUPS = ("Groupe de démonstration Ambre", "Groupe de démonstration Basalte", "Groupe de démonstration Cobalt")
FILE_LETTERS = {"971": "9A", "972": "9B", "973": "9C", "974": "9D", "976": "9F"}
POSTCODES = {
    "2A": "20190", "2B": "20290", "971": "97190", "972": "97290", "973": "97390", "974": "97490", "976": "97690",
}  # fmt: skip
SITES = 300
PUBLIC_SITES = 24
GROUP_SITES = 12
FREE_SITES = 6
"""Sites in each clinic group, and how many of them are left free; the rest belong to operators of one to three sites."""


@dataclass(frozen=True)
class Site:
    """One fictitious establishment; `operator` numbers its legal entity, `group` its clinic group (or None)."""

    number: int
    operator: int
    group: int | None
    finess: str
    operator_finess: str
    name: str
    department: str
    staff: int
    is_public: bool


def is_free(number: int) -> bool:
    """Whether this site of a clinic group takes part in nothing yet."""
    return number < GROUP_SITES * len(GROUPS) and number % GROUP_SITES < FREE_SITES


def luhn_digit(digits: str) -> str:
    """The check digit that makes `digits` + it pass Luhn; Corsica's A and B count as 1 and 2 (FINESS)."""
    plain = digits.replace("A", "1").replace("B", "2")
    total = 0
    for place, figure in enumerate(reversed(plain)):
        value = int(figure) * (2 if place % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return str(-total % 10)


def _finess(department: str, serial: int) -> str:
    """A number of a range the demo keeps to itself: 9 after the département."""
    body = f"970{department[2]}9{serial:03d}" if len(department) == 3 else f"{department}9{serial:05d}"
    return body + luhn_digit(body)


def siren_of(serial: int) -> str:
    """A fictitious number with a valid check digit."""
    body = f"99{serial:06d}"
    return body + luhn_digit(body)


def _siret(siren: str, serial: int) -> str:
    body = f"{siren}{serial:04d}"
    return body + luhn_digit(body)


def make_sites() -> list[Site]:
    """All sites, the same at every call: over every region, three groups, small operators, some public hospitals."""
    random = Random(SEED)
    departments = [code for code in DEPARTMENTS if code not in ("975", "977", "978", "986", "987", "988")]
    sites: list[Site] = []
    operator, left = 0, 0
    for number in range(SITES):
        group = number // GROUP_SITES if number < GROUP_SITES * len(GROUPS) else None
        is_public = number >= SITES - PUBLIC_SITES
        if left == 0:
            operator += 1
            left = random.randint(2, 4) if group is not None else 1 if is_public else random.choice((1, 1, 1, 2, 3))
            if group is not None:
                left = min(left, GROUP_SITES * (group + 1) - number)
        left -= 1
        kind = PUBLIC_KIND if is_public else random.choices(KINDS, [k[3] for k in KINDS])[0]
        if group is not None:  # a group's first sites stay free of any grappe or need, for whoever tries the product
            kind = KINDS[1] if is_free(number) else KINDS[0]
        department = departments[number * 37 % len(departments)]
        name = f"{kind[2]} {PLANTS[number % len(PLANTS)]} {number + 1:03d}"
        staff = int(random.triangular(kind[4], kind[5], kind[4] + (kind[5] - kind[4]) / 4))
        sites.append(
            Site(number, operator, group, _finess(department, number), _finess(department, 500 + operator),
                 name, department, staff, is_public)
        )  # fmt: skip
    return _one_number_per_operator(sites)


def _one_number_per_operator(sites: list[Site]) -> list[Site]:
    """An operator keeps the number of its first site's département."""
    first: dict[int, str] = {}
    kept = []
    for site in sites:
        number = first.setdefault(site.operator, site.operator_finess)
        kept.append(Site(**{**site.__dict__, "operator_finess": number}))
    return kept


def as_sae_file(sites: list[Site]) -> bytes:
    """The sites as a SAE-style CSV in UTF-8."""
    random = Random(SEED)
    lines = io.StringIO()
    rows = [_row(site, random) for site in sites]
    writer = csv.DictWriter(lines, list(rows[0]), delimiter=";", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return lines.getvalue().encode()


def _row(site: Site, random: Random) -> dict[str, str]:
    kinds = {kind[2]: kind for kind in (*KINDS, PUBLIC_KIND)}
    kind = next(kind for start, kind in kinds.items() if site.name.startswith(start))
    nonprofit = not site.is_public and site.operator % 4 == 0
    status, sector = ("60", "Privé non lucratif") if nonprofit else ("73", "Privé lucratif")
    if site.is_public:
        status, sector = "13", "Public"
    letters = FILE_LETTERS.get(site.department, site.department)
    siren = siren_of(site.operator)
    beds = max(10, site.staff // 2)
    return {
        "finess_et": site.finess, "finess_ej": site.operator_finess, "raison_sociale": site.name, "complement_rs": "",
        "categorie": kind[0], "lib_categorie": kind[1], "statut_juridique": status, "secteur": sector,
        "code_espic": "1" if nonprofit else "0", "code_mft": "", "siret": _siret(siren, site.number + 1), "siren": siren,
        "region": region_of(site.department) or "", "departement": letters,
        "code_insee": f"{letters}990", "commune": TOWNS[site.number % len(TOWNS)],
        "code_postal": POSTCODES.get(site.department, f"{site.department[:2]}990"),
        "lits_mco": str(beds if kind[0] in ("365", "355") else 0), "places_mco": "0",
        "sejours_hc_mco": str(beds * 40 if kind[0] in ("365", "355") else 0), "journees_mco": str(beds * 180),
        "lits_smr": str(beds if kind[0] == "109" else 0), "lits_psy_hc": str(beds if kind[0] == "161" else 0),
        "places_had": "0", "etp_non_medical": str(site.staff - site.staff // 6), "etp_medical_salarie": str(site.staff // 10),
        "effectif_liberal": str(site.staff // 6 - site.staff // 10), "act_urgences": str(random.randint(0, 1)),
        "act_had": "0", "act_smr": "1" if kind[0] == "109" else "0", "act_psy": "1" if kind[0] == "161" else "0",
        "act_dialyse": "0",
    }  # fmt: skip
