"""Fictitious files in the three layouts an import reads."""
from collections.abc import Iterable

from marketplace.establishments.readers import finess_2026, sae, structureet
from tests.factories.establishments import finess

SAE = {
    "finess_et": finess(1), "finess_ej": finess(900_001), "raison_sociale": "CLINIQUE FICTIVE", "categorie": "365",
    "lib_categorie": "Etablissement de Soins Pluridisciplinaire", "statut_juridique": "95", "secteur": "Privé lucratif",
    "code_espic": "0", "siret": "73282932000074", "siren": "732829320", "region": "84", "departement": "01",
    "code_insee": "01053", "commune": "BOURG EN BRESSE", "code_postal": "01000", "lits_mco": "80", "places_mco": "20",
    "sejours_hc_mco": "4000", "etp_non_medical": "100.5", "etp_medical_salarie": "10.25", "effectif_liberal": "30",
}  # fmt: skip
FINESS_2026 = {
    "finess_et": finess(2), "finess_ej": finess(900_002), "raison_sociale_ej": "ASSOCIATION FICTIVE",
    "statut_juridique": "60", "siren_ej": "732829320", "nom_court": "EHPAD FICTIF", "nom_long": "EHPAD FICTIF DES ESSAIS",
    "categorie": "500", "lib_categorie": "EHPAD", "mode_fixation_tarifaire": "45", "espic": "", "siret": "",
    "etat": "A", "date_ouverture": "1990-01-01", "date_fermeture": "", "cog_commune": "2A004", "code_postal": "20000",
    "ville": "AJACCIO",
}  # fmt: skip
LEGACY = {
    "section": "structureet", "nofinesset": finess(3), "nofinessej": finess(900_003), "rs": "CH FICTIF",
    "rslongue": "CENTRE HOSPITALIER FICTIF", "commune": "411", "departement": "9D", "libdepartement": "LA REUNION",
    "ligneacheminement": "97405 ST DENIS CEDEX", "categetab": "355", "libcategetab": "Centre Hospitalier (C.H.)",
    "codemft": "03", "codesph": "1", "dateouv": "1957-07-01",
}  # fmt: skip


def _file(columns: Iterable[str], usual: dict[str, str], lines: Iterable[dict[str, str]]) -> str:
    columns = list(columns)
    written = [";".join(columns)]
    for number, line in enumerate(lines):
        cells = {**usual, columns[0]: finess(10_000 + number), **line}
        written.append(";".join(cells.get(column, "") for column in columns))
    return "\n".join(written) + "\n"


def sae_file(*lines: dict[str, str], columns: Iterable[str] = sae.COLUMNS) -> bytes:
    """A SAE-style file: each line is the usual clinic with these cells changed, and its own FINESS."""
    return _file(columns, SAE, lines or [{}]).encode()


def finess_2026_file(*lines: dict[str, str]) -> bytes:
    """A flattened 2026 FINESS file."""
    return _file(finess_2026.COLUMNS, FINESS_2026, lines or [{}]).encode()


def legacy_file(*lines: dict[str, str]) -> bytes:
    """A legacy file: comment line, one quoted `structureet` line each, one line to ignore."""
    written = ["finess;etalab;111;2026-05-12"]
    for number, line in enumerate(lines or [{}]):
        cells = {**LEGACY, "nofinesset": finess(20_000 + number), **line}
        written.append(";".join(f'"{cells.get(column, "")}"' for column in structureet.COLUMNS[:-1]) + ";")
    written.append("geolocalisation;010000024;870215;6569868;1;2026-01-01")
    return ("\n".join(written) + "\n").encode()
