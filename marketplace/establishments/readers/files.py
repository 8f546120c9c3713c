"""Which of the three layouts a file has, by its content, and its lines one by one."""
import csv
import io
from collections.abc import Container, Iterator
from types import ModuleType

from marketplace.establishments.readers import finess_2026, sae, structureet
from marketplace.establishments.readers.cells import Cells
from marketplace.establishments.readers.rows import Note, Reading
from marketplace.platform.errors import N_, RuleBroken, Sentence
from marketplace.platform.spreadsheets.texts import decode

SEPARATOR = ";"
WITH_HEADER = (sae, finess_2026)
_COLUMNS_TO_RECOGNISE = 0.5
"""Share of a layout's columns a header must have before we say which ones are missing."""
Line = tuple[int, list[str]]


def read_establishments(data: bytes, accepted: Container[str] = ()) -> Reading:
    """Every line of the file as an establishment or as refusals; RuleBroken when the file itself cannot be read.

    `accepted`: FINESS numbers the operator accepts in spite of their key.
    """
    lines = _lines(decode(data))
    first = next(lines, (1, []))
    layout, places = _recognise(first[1])
    reading = Reading(layout.LAYOUT, layout.STATES_CLOSURES)
    seen: dict[str, int] = {}
    for number, line in _data_lines(layout, first, lines):
        problem = _wrong_length(layout, places, line)
        if problem:
            reading.refusals.append(Note(number, "ligne", problem))
        else:
            _read_line(layout, Cells(number, places, line, accepted), reading, seen)
    if not reading.rows and not reading.refusals:
        raise RuleBroken(
            "import_no_rows", N_("Ce fichier n'a aucune ligne d'établissement : vérifiez-le avant d'importer.")
        )
    return reading


def _lines(text: str) -> Iterator[Line]:
    """(line number, cells) of every line that is not blank."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=SEPARATOR, strict=True)
    start = 1
    try:
        for line in reader:
            if any(line):
                yield start, line
            start = reader.line_num + 1
    except csv.Error as wrong:
        raise RuleBroken(
            "import_quotes_broken",
            N_("La ligne {line} ne se lit pas : un guillemet y est ouvert sans être fermé, ou suivi de texte. "
               "Corrigez-la."),
            line=start,
        ) from wrong


def _recognise(first: list[str]) -> tuple[ModuleType, dict[str, int]]:
    """The layout of the file and where its columns are."""
    names = [cell.strip().lower() for cell in first]
    if names[:2] == ["finess", "etalab"] or names[:1] == ["structureet"]:
        return structureet, {column: place for place, column in enumerate(structureet.COLUMNS)}
    layout = max(WITH_HEADER, key=lambda known: len(set(known.COLUMNS) & set(names)) / len(known.COLUMNS))
    missing = [column for column in layout.COLUMNS if column not in names]
    if len(missing) > len(layout.COLUMNS) * _COLUMNS_TO_RECOGNISE:
        raise RuleBroken(
            "import_format_unknown",
            N_("Format non reconnu. Trois fichiers sont acceptés, au séparateur point-virgule : établissements de type "
               "SAE (première colonne finess_et, avec secteur et lits_mco), export FINESS 2026 mis à plat (finess_et, "
               "raison_sociale_ej, etat…) et ancien fichier FINESS (lignes structureet)."),
        )
    if missing:
        raise RuleBroken(
            "import_columns_missing",
            N_("Il manque dans l'en-tête : {columns}. Reprenez le fichier d'origine, "
               "ou ajoutez ces colonnes, même vides."),
            columns=", ".join(missing),
        )
    twice = [name for name in layout.COLUMNS if names.count(name) > 1]
    if twice:
        raise RuleBroken(
            "import_columns_doubled",
            N_("Ces colonnes figurent deux fois dans l'en-tête : {columns}. Gardez-en une de chaque."),
            columns=", ".join(twice),
        )
    places = {name: names.index(name) for name in layout.COLUMNS}
    return layout, {**places, "": len(names)}


def _data_lines(layout: ModuleType, first: Line, rest: Iterator[Line]) -> Iterator[Line]:
    if layout is not structureet:
        yield from rest
        return
    if first[1][0].strip().lower() == "structureet":
        yield first
    for number, line in rest:
        if line[0].strip().lower() == "structureet":
            yield number, line


def _wrong_length(layout: ModuleType, places: dict[str, int], line: list[str]) -> Sentence | None:
    expected = places.get("", len(layout.COLUMNS))
    if layout is structureet:
        # The line ends with a semicolon; some exports leave out the last column, some add an empty one.
        if len(line) == expected - 1:
            line.append("")
        while len(line) > expected and not line[-1]:
            line.pop()
    if len(line) == expected:
        return None
    return Sentence(
        "line_length_wrong",
        N_("La ligne a {count} cases au lieu de {expected} : un point-virgule manque, ou est en trop "
           "(un texte qui en contient se met entre guillemets)."),
        {"count": len(line), "expected": expected},
    )


def _read_line(layout: ModuleType, cells: Cells, reading: Reading, seen: dict[str, int]) -> None:
    row = layout.read(cells)
    if row.finess in seen:
        repeated = N_("Le FINESS « {value} » figure déjà à la ligne {line} : gardez une seule des deux lignes.")
        column = layout.COLUMNS[1] if layout is structureet else layout.COLUMNS[0]
        cells.refuse(column, Sentence("finess_repeated", repeated, {"value": row.finess, "line": seen[row.finess]}))
    elif row.finess:
        seen[row.finess] = row.row
    if cells.refusals:
        reading.refusals.extend(cells.refusals)
    else:
        reading.rows.append(row)
        reading.remarks.extend(cells.remarks)
