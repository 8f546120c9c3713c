"""The cells of a CSV or XLSX file as text, whatever the file claims to be; RuleBroken when they cannot be read."""
import csv
import io
import warnings
import zipfile
from collections.abc import Iterable
from datetime import date
from typing import Any

from openpyxl import load_workbook

from marketplace.platform.errors import RuleBroken
from marketplace.platform.spreadsheets.texts import decode

MOST_ENTRIES = 200
MOST_INFLATED = 50 * 1024 * 1024
"""An XLSX is a zip: how many files it may hold and how large they may become, looked at before it is opened."""
MOST_COLUMNS = 60
SEPARATORS = ";,\t"


def read_cells(data: bytes, *, most_rows: int) -> list[list[str]]:
    """Every row from the first, trailing empty ones left out; an XLSX by its first sheet and its computed values.

    Reads the header, `most_rows` rows, and one more, by which a file is seen to be too long.
    """
    lines = most_rows + 2
    rows = _xlsx(data, lines) if data.startswith(b"PK\x03\x04") else _csv(data, lines)
    while rows and not any(cell.strip() for cell in rows[-1]):
        rows.pop()
    return rows


def _csv(data: bytes, most: int) -> list[list[str]]:
    text = decode(data)
    header = text.lstrip("\r\n").partition("\n")[0]
    separator = max(SEPARATORS, key=header.count)
    try:
        return _first(csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True), most)
    except csv.Error as wrong:
        raise _unreadable() from wrong


def _xlsx(data: bytes, most: int) -> list[list[str]]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError) as wrong:
        raise _unreadable() from wrong
    if len(entries) > MOST_ENTRIES or sum(entry.file_size for entry in entries) > MOST_INFLATED:
        raise RuleBroken(
            "sheet_too_large", "Ce classeur est trop volumineux : gardez une feuille, sans image ni mise en forme."
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # parts of a workbook that openpyxl leaves out: not ours to read either
            book = load_workbook(io.BytesIO(data), read_only=True, data_only=True)
            lines = book.worksheets[0].iter_rows(max_row=most, max_col=MOST_COLUMNS, values_only=True)
            return _first(([_text(value) for value in line] for line in lines), most)
    except Exception as wrong:  # a stranger's file breaks openpyxl in any way it likes
        raise _unreadable() from wrong


def _first(lines: Iterable[list[str]], most: int) -> list[list[str]]:
    kept = []
    for line in lines:
        kept.append(line)
        if len(kept) == most:
            break
    return kept


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else f"{value:.10g}"
    return value.isoformat() if isinstance(value, date) else str(value)


def _unreadable() -> RuleBroken:
    return RuleBroken(
        "sheet_unreadable",
        "Ce fichier n'est ni un CSV ni un classeur XLSX lisible : enregistrez-le dans l'un de ces deux formats.",
    )
