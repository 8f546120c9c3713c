"""Spreadsheets: cells read from CSV or XLSX, rows written as both."""
from marketplace.platform.spreadsheets.reading import read_cells
from marketplace.platform.spreadsheets.writing import as_csv, as_xlsx

__all__ = ["as_csv", "as_xlsx", "read_cells"]
