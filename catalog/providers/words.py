"""The closed vocabularies of the catalogue (formats/core-api.md), in the order a form shows them."""
from typing import Final

DELIVERY_MODES: Final = ("on_site", "remote")
