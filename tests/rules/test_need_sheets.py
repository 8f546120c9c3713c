"""Spreadsheets of needs: titles and cells as people write them, each mistake with its row and column."""
import csv
import io
import zipfile
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import DEFUSEDXML, Workbook, load_workbook

from marketplace.platform.errors import RuleBroken
from marketplace.platform.spreadsheets import as_csv, as_xlsx, read_cells, reading
from marketplace.platform.spreadsheets.writing import neutral
from tenders.demand.rules.sheet_rows import COLUMNS, HEADERS, MOST_ROWS, YEAR_COLUMNS, Entry, read_rows
from tenders.demand.template_files import FRENCH

HEADER = ["finess", "quantity", "firmness"]


def refused(*rows: list[str]) -> list[tuple[int, str, str]]:
    """The refusals of a sheet as (row, column, code)."""
    return [(each.row, each.field, each.why.code) for each in read_rows(list(rows)).refusals]


def test_french_and_english_titles_name_the_same_columns() -> None:
    row = ["010780195", "Clinique", "1 200", "Conditionnel", "20", "5 000", "4,10 €", "Grappe"]
    expected = Entry(2, "010780195", 1200, "conditional", 20, 5000, Decimal("4.10"), "Grappe")
    assert read_rows([list(FRENCH), row]).entries == (expected,)
    assert read_rows([list(COLUMNS), row]).entries == (expected,)
    assert read_rows([["Numéro FINESS", " QUANTITÉ ", "engagement"], ["010780195", "5.0", "Ferme"]]).entries[0].quantity == 5
    assert set(HEADERS.values()) == {*COLUMNS, *YEAR_COLUMNS}


def test_the_years_of_a_need_are_columns_of_their_own() -> None:
    header = [*HEADER, "Année 1", "year 2", "Année 3"]
    read = read_rows([header, ["010780195", "30", "ferme", "10", "20", "30"], ["010780196", "5", "ferme", "", "", ""]])
    assert [entry.phases for entry in read.entries] == [(10, 20, 30), ()]
    assert read_rows([HEADER, ["010780195", "30", "ferme"]]).entries[0].phases is None
    assert refused(header, ["010780195", "30", "ferme", "10", "", "30"], ["010780196", "5", "ferme", "x", "", ""]) == [
        (2, "year_2", "year_missing"), (3, "year_1", "not_a_whole_number"),
    ]  # fmt: skip


def test_a_spreadsheet_that_ate_the_first_zero_of_a_finess_number_is_understood() -> None:
    assert read_rows([HEADER, ["10780195", "5", "ferme"]]).entries[0].finess == "010780195"


def test_each_wrong_cell_is_named_by_its_row_and_column() -> None:
    header = [*HEADER, "tolerance", "maximum_unit_price"]
    assert refused(
        header,
        ["010780195", "5,5", "ferme", "", ""],
        ["", "5", "ferme", "", ""],
        ["010780196", "0", "peut-être", "deux", "cher"],
        ["010780197", "5", "ferme", "", ""],
        ["010780197", "6", "ferme", "", ""],
    ) == [
        (2, "quantity", "not_a_whole_number"), (3, "finess", "cell_missing"), (4, "firmness", "firmness_unknown"),
        (4, "quantity", "quantity_zero"), (4, "tolerance", "not_a_whole_number"), (4, "maximum_unit_price", "not_a_price"),
        (6, "finess", "row_repeated"),
    ]  # fmt: skip


def test_wrong_titles_are_refused_alone() -> None:
    assert refused(["finess", "firmness", "firmness", "couleur"], ["", "", "", ""]) == [
        (1, "firmness", "column_twice"), (1, "couleur", "column_unknown"), (1, "quantity", "column_missing"),
    ]  # fmt: skip
    assert refused() == [(1, "finess", "sheet_empty")]
    assert refused(HEADER, *[["x", "1", "ferme"]] * (MOST_ROWS + 1)) == [(MOST_ROWS + 2, "finess", "sheet_too_long")]


def test_rows_without_a_quantity_ask_for_nothing_and_blank_rows_are_not_there() -> None:
    read = read_rows([HEADER, ["010780195", "", "ferme"], ["", "", ""], ["010780196", "3", "indicatif"]])
    assert ([each.row for each in read.entries], read.without_quantity, read.refusals) == ([4], ((2, "010780195"),), ())


def test_csv_is_read_in_both_encodings_and_with_three_separators() -> None:
    for separator in ";,\t":
        for encoding in ("utf-8", "utf-8-sig", "cp1252"):
            data = separator.join(["FINESS", "Quantité", "Engagement"]) + "\r\n" + separator.join(["010780195", "3", "ferme"])
            assert read_rows(read_cells(data.encode(encoding), most_rows=MOST_ROWS)).entries[0].quantity == 3


def test_figures_in_a_workbook_are_read_as_figures() -> None:
    book = Workbook()
    book.active.append(["finess", "quantity", "firmness", "maximum_unit_price"])
    book.active.append([10780195, 12.0, "conditionnel", 4.1])
    content = io.BytesIO()
    book.save(content)
    (entry,) = read_rows(read_cells(content.getvalue(), most_rows=MOST_ROWS)).entries
    assert (entry.finess, entry.quantity, entry.maximum_unit_price) == ("010780195", 12, Decimal("4.1"))


def test_what_is_no_spreadsheet_is_refused_in_words() -> None:
    for data, code in (
        (b"PK\x03\x04 not a zip", "sheet_unreadable"), (b'finess;"quantity', "sheet_unreadable"),
        (b"", "import_file_empty"), (b"\x00\x01\x02", "import_file_binary"),
    ):  # fmt: skip
        with pytest.raises(RuleBroken) as refusal:
            read_cells(data, most_rows=MOST_ROWS)
        assert refusal.value.code == code


def test_a_zip_bomb_is_refused_before_it_is_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * (reading.MOST_INFLATED + 1))
    monkeypatch.setattr(reading, "load_workbook", lambda *_, **__: pytest.fail("opened"))
    with pytest.raises(RuleBroken) as refusal:
        read_cells(content.getvalue(), most_rows=MOST_ROWS)
    assert refusal.value.code == "sheet_too_large"
    crowd = io.BytesIO()
    with zipfile.ZipFile(crowd, "w") as archive:
        for number in range(reading.MOST_ENTRIES + 1):
            archive.writestr(str(number), b"")
    with pytest.raises(RuleBroken, match="volumineux"):
        read_cells(crowd.getvalue(), most_rows=MOST_ROWS)


def test_the_xml_inside_is_read_without_its_entities() -> None:
    assert DEFUSEDXML


@pytest.mark.parametrize("formula", ["=1+1", "+33", "-2", "@SUM(A1)", "\t=1"])
def test_what_looks_like_a_formula_is_written_as_text(formula: str) -> None:
    assert neutral(formula) == f"'{formula}"
    written = as_csv(["name"], [[formula]]).decode("utf-8-sig")
    assert next(csv.reader(io.StringIO(written.split("\n", 1)[1]), delimiter=";")) == [f"'{formula}"]
    book = load_workbook(io.BytesIO(as_xlsx(["name"], [[formula]], "Besoins")))
    assert (book.active["A2"].value, book.active["A2"].data_type) == (f"'{formula}", "s")


# Without the two letters that betray accents encoded twice: a file of such names is refused, on purpose.
NAMES = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp"), exclude_characters="Ãâ"), max_size=20
)


@given(st.lists(
    st.tuples(st.integers(1, 10**12 - 1), NAMES, st.none() | st.decimals("0.0001", "9999", places=4)),
    max_size=8,
))  # fmt: skip
def test_what_is_written_is_read_back_as_it_was(rows: list[tuple[int, str, Decimal | None]]) -> None:
    table = [
        [f"{number:09}", name, quantity, "firm", None, None, price, "'=Grappe"[1:]]
        for number, (quantity, name, price) in enumerate(rows, 1)
    ]
    for data in (as_csv(COLUMNS, table), as_xlsx(COLUMNS, table, "Besoins")):
        read = read_rows(read_cells(data, most_rows=MOST_ROWS))
        assert not read.refusals
        assert [(each.quantity, each.maximum_unit_price, each.grappe) for each in read.entries] == [
            (quantity, price, "=Grappe") for quantity, _, price in rows
        ]
