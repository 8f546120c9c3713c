"""Printed documents: PDF/A-3 pages with an embedded font, drawn without any system library."""
from marketplace.platform.documents.sheet import Column, Sheet, shown

__all__ = ["Column", "Sheet", "shown"]
