"""How a printed document looks: A4, one embedded typeface, text in reading order, tables with a repeated heading."""
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from tempfile import NamedTemporaryFile

from fpdf import FPDF, FontFace
from fpdf.enums import DocumentCompliance, TextMode, XPos, YPos

from marketplace.platform import clock
from marketplace.platform.documents.typeface import FAMILY, font_file, known_letters

MARGIN = 18
INK, GREY, RULE = (23, 32, 42), (90, 98, 108), (190, 196, 203)
LANGUAGE = "fr-FR"


@dataclass(frozen=True)
class Column:
    """A column of a table: its heading, its width in millimetres, and whether it holds figures (set to the right)."""

    heading: str
    width: float
    figures: bool = False


def shown(text: str) -> str:
    """The text with what the typeface cannot draw replaced by a question mark: a name in another alphabet, for example."""
    known = known_letters()
    return "".join(letter if letter in known or letter == "\n" else "?" for letter in text)


class Sheet(FPDF):
    """A document under construction: headings, paragraphs, pairs and tables, written in the order they are read."""

    def __init__(self, title: str, *, subject: str = "", foot: str = "") -> None:
        super().__init__(format="A4", enforce_compliance=DocumentCompliance.PDFA_3B)
        self.foot = foot
        with NamedTemporaryFile(suffix=".ttf") as file:
            Path(file.name).write_bytes(font_file())
            self.add_font(FAMILY, "", file.name)
        self.set_lang(LANGUAGE)
        self.set_title(title)
        self.set_subject(subject or title)
        self.set_author("Grappe")
        self.set_creation_date(clock.now())
        self.set_margin(MARGIN)
        self.set_auto_page_break(True, margin=MARGIN + 6)
        self.set_font(FAMILY, size=9.5)
        self.add_page()

    def footer(self) -> None:
        """The foot of every page: what it is, and which page of how many."""
        self.set_y(-MARGIN)
        self._ink(7.5, GREY)
        self.multi_cell(0, 3.6, shown(f"{self.foot}\nPage {self.page_no()} / {{nb}}"), align="C")

    def heading(self, text: str, size: float = 12) -> None:
        """A heading on its own line."""
        self.ln(3)
        self._ink(size, INK, bold=True)
        self.multi_cell(0, size * 0.5, shown(text), new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        self.ln(1.2)
        self._ink()

    def paragraph(self, text: str, *, size: float = 9.5, grey: bool = False) -> None:
        """A paragraph over the whole width."""
        self._ink(size, GREY if grey else INK)
        self.multi_cell(0, size * 0.47, shown(text), align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        self.ln(0.8)
        self._ink()

    def side_by_side(self, left: Sequence[str], right: Sequence[str]) -> None:
        """Two blocks of lines beside each other, the left one read first; the first line of each is its heading."""
        top, half = self.get_y(), self.epw / 2 - 4
        lowest = top
        for start, lines in ((self.l_margin, left), (self.l_margin + self.epw / 2 + 4, right)):
            self.set_y(top)
            for number, line in enumerate(lines):
                self.set_x(start)
                self._ink(9.5 if number else 8, INK if number else GREY, bold=number == 1)
                self.multi_cell(half, 4.6, shown(line), align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
            lowest = max(lowest, self.get_y())
        self.set_y(lowest)
        self._ink()

    def pairs(self, pairs: Sequence[tuple[str, str]], *, indent: float = 0, strong_last: bool = False) -> None:
        """Names and values, one pair a line, values to the right."""
        for number, (name, value) in enumerate(pairs):
            strong = strong_last and number == len(pairs) - 1
            self._ink(11 if strong else 9.5, INK, bold=strong)
            self.set_x(self.l_margin + indent)
            self.cell(self.epw - indent - 45, 5.4, shown(name))
            self.cell(45, 5.4, shown(value), align="R", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        self._ink()

    def rows(self, columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> None:
        """A table; its heading comes back on every page."""
        self._ink(8.5, INK)
        self.set_draw_color(*RULE)
        self.set_line_width(0.2)
        widths = tuple(column.width for column in columns)
        aligns = tuple("RIGHT" if column.figures else "LEFT" for column in columns)
        with self.table(
            col_widths=widths, width=sum(widths), align="LEFT", text_align=aligns, line_height=4.4, padding=(1.1, 1.2),
            borders_layout="HORIZONTAL_LINES", headings_style=FontFace(color=GREY),
        ) as table:  # fmt: skip
            table.row([shown(column.heading) for column in columns])
            for row in rows:
                table.row([shown(cell) for cell in row])
        self._ink()
        self.ln(2)

    def written(self) -> bytes:
        """The finished file."""
        target = BytesIO()
        self.output(target)
        return target.getvalue()

    def _ink(self, size: float = 9.5, colour: tuple[int, int, int] = INK, *, bold: bool = False) -> None:
        """Size, colour and weight of what follows; the typeface has one weight, so a bold letter has a drawn outline."""
        self.set_font(FAMILY, size=size)
        self.set_text_color(*colour)
        self.set_draw_color(*colour)
        self.set_line_width(0.16 if bold else 0.2)
        self.text_mode = TextMode.FILL_STROKE if bold else TextMode.FILL
