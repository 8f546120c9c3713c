"""What a fee is called on its invoice, in French whoever reads: the invoice is a French document."""
from datetime import date


def entry_line(reference: str) -> str:
    """An entry fee, by the reference of its contract."""
    return f"Droit d'entrée au marché {reference}"


def year_line(reference: str, year: int, begins: date, ends: date) -> str:
    """A year of a yearly fee, numbered from 1."""
    return f"Redevance annuelle du marché {reference}, année {year} (du {begins:%d/%m/%Y} au {ends:%d/%m/%Y})"


def membership_line(vehicle: str, begins: date, ends: date) -> str:
    """A year of membership of a vehicle."""
    return f"Cotisation au marché « {vehicle} », du {begins:%d/%m/%Y} au {ends:%d/%m/%Y}"
