"""The closed vocabularies of the catalogue (formats/core-api.md), in the order a form shows them."""
from typing import Final

DELIVERY_MODES: Final = ("on_site", "remote")


def sql_list(words: tuple[str, ...]) -> str:
    """The words as a quoted SQL list, for a CHECK constraint."""
    return ", ".join(f"'{word}'" for word in words)
