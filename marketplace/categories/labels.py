"""Words of the vocabulary on screens: template filters in the reader's language."""
from decimal import Decimal

from flask import Flask

from marketplace.categories.models import PriorityDomain, ServiceCategory
from marketplace.categories.units import unit_word
from marketplace.platform.i18n import language


def unit_label(code: str, quantity: int | Decimal = 2) -> str:
    """The word after a quantity: {{ 300|quantity }} {{ unit|unit_label(300) }} gives "300 postes"."""
    return unit_word(code, quantity, language())


def own_name(row: ServiceCategory | PriorityDomain) -> str:
    """The name of a category or a domain: {{ category|own_name }}."""
    return row.name_in(language())


def init_app(app: Flask) -> None:
    """Install the filters."""
    app.jinja_env.filters["unit_label"] = unit_label
    app.jinja_env.filters["own_name"] = own_name
