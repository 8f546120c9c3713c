"""Needs as spreadsheets: read from CSV or XLSX, written as both."""
from tenders.demand.spreadsheets.reading import read_cells
from tenders.demand.spreadsheets.writing import as_csv, as_xlsx

__all__ = ["as_csv", "as_xlsx", "read_cells"]
