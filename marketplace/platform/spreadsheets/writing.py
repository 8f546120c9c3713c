"""Rows as CSV or XLSX bytes, safe to open in a spreadsheet and read back as they are."""
import csv
import io
from collections.abc import Iterable, Sequence
from decimal import Decimal

from xlsxwriter import Workbook

Cell = str | int | Decimal | None
BOM = "\ufeff"
"""Tells spreadsheets that a CSV is UTF-8."""
WIDTH = 24


def neutral(text: str) -> str:
    """The text so that no spreadsheet takes it for a formula (architecture §8)."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def as_csv(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    """UTF-8 with its mark, semicolons, as French spreadsheets open it."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=";")
    writer.writerow(header)
    writer.writerows([_written(cell) for cell in row] for row in rows)
    return (BOM + text.getvalue()).encode()


def as_xlsx(header: Sequence[str], rows: Iterable[Sequence[Cell]], title: str) -> bytes:
    """One sheet; figures are figures, everything else is text, FINESS numbers included."""
    content = io.BytesIO()
    with Workbook(content, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}) as book:
        sheet = book.add_worksheet(title)
        sheet.write_row(0, 0, header, book.add_format({"bold": True}))
        sheet.freeze_panes(1, 0)
        sheet.set_column(0, len(header) - 1, WIDTH)
        for number, row in enumerate(rows, 1):
            for place, cell in enumerate(row):
                if isinstance(cell, str):
                    sheet.write_string(number, place, neutral(cell))
                elif cell is not None:
                    sheet.write_number(number, place, cell)
    return content.getvalue()


def _written(cell: Cell) -> str:
    if isinstance(cell, Decimal):
        return f"{cell.normalize():f}".replace(".", ",")
    return "" if cell is None else neutral(str(cell))
