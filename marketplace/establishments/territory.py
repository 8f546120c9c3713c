"""Where an establishment is: regions, départements and overseas collectivities, by INSEE codes (COG, from 2016 on).

An overseas collectivity is no region: its own code stands for both levels, as INSEE does.
"""
import re
from typing import Final

REGIONS: Final[dict[str, str]] = {
    "01": "Guadeloupe",
    "02": "Martinique",
    "03": "Guyane",
    "04": "La Réunion",
    "06": "Mayotte",
    "11": "Île-de-France",
    "24": "Centre-Val de Loire",
    "27": "Bourgogne-Franche-Comté",
    "28": "Normandie",
    "32": "Hauts-de-France",
    "44": "Grand Est",
    "52": "Pays de la Loire",
    "53": "Bretagne",
    "75": "Nouvelle-Aquitaine",
    "76": "Occitanie",
    "84": "Auvergne-Rhône-Alpes",
    "93": "Provence-Alpes-Côte d'Azur",
    "94": "Corse",
}
COLLECTIVITIES: Final[dict[str, str]] = {
    "975": "Saint-Pierre-et-Miquelon",
    "977": "Saint-Barthélemy",
    "978": "Saint-Martin",
    "986": "Wallis et Futuna",
    "987": "Polynésie française",
    "988": "Nouvelle-Calédonie",
}
_DEPARTMENTS_BY_REGION: Final[dict[str, dict[str, str]]] = {
    "01": {"971": "Guadeloupe"},
    "02": {"972": "Martinique"},
    "03": {"973": "Guyane"},
    "04": {"974": "La Réunion"},
    "06": {"976": "Mayotte"},
    "11": {
        "75": "Paris", "77": "Seine-et-Marne", "78": "Yvelines", "91": "Essonne", "92": "Hauts-de-Seine",
        "93": "Seine-Saint-Denis", "94": "Val-de-Marne", "95": "Val-d'Oise",
    },
    "24": {
        "18": "Cher", "28": "Eure-et-Loir", "36": "Indre", "37": "Indre-et-Loire", "41": "Loir-et-Cher",
        "45": "Loiret",
    },
    "27": {
        "21": "Côte-d'Or", "25": "Doubs", "39": "Jura", "58": "Nièvre", "70": "Haute-Saône", "71": "Saône-et-Loire",
        "89": "Yonne", "90": "Territoire de Belfort",
    },
    "28": {
        "14": "Calvados", "27": "Eure", "50": "Manche", "61": "Orne", "76": "Seine-Maritime",
    },
    "32": {
        "02": "Aisne", "59": "Nord", "60": "Oise", "62": "Pas-de-Calais", "80": "Somme",
    },
    "44": {
        "08": "Ardennes", "10": "Aube", "51": "Marne", "52": "Haute-Marne", "54": "Meurthe-et-Moselle", "55": "Meuse",
        "57": "Moselle", "67": "Bas-Rhin", "68": "Haut-Rhin", "88": "Vosges",
    },
    "52": {
        "44": "Loire-Atlantique", "49": "Maine-et-Loire", "53": "Mayenne", "72": "Sarthe", "85": "Vendée",
    },
    "53": {
        "22": "Côtes-d'Armor", "29": "Finistère", "35": "Ille-et-Vilaine", "56": "Morbihan",
    },
    "75": {
        "16": "Charente", "17": "Charente-Maritime", "19": "Corrèze", "23": "Creuse", "24": "Dordogne",
        "33": "Gironde", "40": "Landes", "47": "Lot-et-Garonne", "64": "Pyrénées-Atlantiques", "79": "Deux-Sèvres",
        "86": "Vienne", "87": "Haute-Vienne",
    },
    "76": {
        "09": "Ariège", "11": "Aude", "12": "Aveyron", "30": "Gard", "31": "Haute-Garonne", "32": "Gers",
        "34": "Hérault", "46": "Lot", "48": "Lozère", "65": "Hautes-Pyrénées", "66": "Pyrénées-Orientales",
        "81": "Tarn", "82": "Tarn-et-Garonne",
    },
    "84": {
        "01": "Ain", "03": "Allier", "07": "Ardèche", "15": "Cantal", "26": "Drôme", "38": "Isère", "42": "Loire",
        "43": "Haute-Loire", "63": "Puy-de-Dôme", "69": "Rhône", "73": "Savoie", "74": "Haute-Savoie",
    },
    "93": {
        "04": "Alpes-de-Haute-Provence", "05": "Hautes-Alpes", "06": "Alpes-Maritimes", "13": "Bouches-du-Rhône",
        "83": "Var", "84": "Vaucluse",
    },
    "94": {
        "2A": "Corse-du-Sud", "2B": "Haute-Corse",
    },
}

DEPARTMENTS: Final[dict[str, str]] = {
    code: name for departments in _DEPARTMENTS_BY_REGION.values() for code, name in departments.items()
} | COLLECTIVITIES
"""Code → name of every département and collectivity."""
_REGION_OF: Final[dict[str, str]] = {
    code: region for region, departments in _DEPARTMENTS_BY_REGION.items() for code in departments
} | {code: code for code in COLLECTIVITIES}

_FINESS_LETTERS: Final = {"9A": "971", "9B": "972", "9C": "973", "9D": "974", "9F": "976"}
"""FINESS writes overseas départements with a letter. Other letters (9E, 9J…) are read from the postcode."""
_DIGITS = re.compile(r"[0-9]+")


def region_of(department: str | None) -> str | None:
    """The region code of a département (a collectivity is its own); None when unknown."""
    return _REGION_OF.get(department or "")


def region_name(code: str | None) -> str | None:
    """The name of a region or collectivity; None when the code is unknown."""
    return REGIONS.get(code or "") or COLLECTIVITIES.get(code or "")


def department_name(code: str | None) -> str | None:
    """The name of a département or collectivity; None when the code is unknown."""
    return DEPARTMENTS.get(code or "")


def department_of_insee(insee_code: str) -> str | None:
    """The département of a commune's INSEE code: two characters, three overseas; None when unknown."""
    code = insee_code[:3] if insee_code[:2] in ("97", "98") else insee_code[:2]
    return code if code in DEPARTMENTS else None


def department_of_postcode(postcode: str) -> str | None:
    """The département a postcode belongs to (Corsica: 200–201 south, 202–206 north); None when unknown.

    A few communes are served from the next département: an INSEE code is better where there is one.
    """
    if len(postcode) != 5 or _DIGITS.fullmatch(postcode) is None:
        return None
    if postcode.startswith("20"):
        return "2A" if postcode < "20200" else "2B"
    if postcode == "97133":
        return "977"
    if postcode == "97150":
        return "978"
    return department_of_insee(postcode)


def department_of_finess_code(code: str, postcode: str) -> str | None:
    """The département behind the code of a FINESS file: « 1 » lost its zero, « 9D » is La Réunion, Corsica is 2A/2B.

    Saint-Barthélemy and Saint-Martin are filed under Guadeloupe (9A): their postcodes tell. La Réunion's CEDEX codes
    begin with 978 like Saint-Martin's INSEE code: the letter tells.
    """
    code = code.strip().upper()
    code = code.zfill(2) if _DIGITS.fullmatch(code) else code
    by_post = department_of_postcode(postcode)
    if code == "9A" and by_post in ("977", "978"):
        return by_post
    known = _FINESS_LETTERS.get(code, code)
    return known if known in DEPARTMENTS else by_post


def insee_code_of_finess(code: str, commune: str) -> str | None:
    """The commune's INSEE code from a FINESS file: (9D, 411) → 97411, (01, 53) → 01053; None when unreadable."""
    commune = commune.strip().zfill(3)
    code = code.strip().upper()
    code = code.zfill(2) if _DIGITS.fullmatch(code) else code
    if len(commune) != 3 or _DIGITS.fullmatch(commune) is None:
        return None
    if code in _FINESS_LETTERS:
        return f"97{commune}"
    return f"{code}{commune}" if code in DEPARTMENTS and len(code) == 2 else None
