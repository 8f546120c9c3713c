"""What a scheme and the window of one of its versions may be."""
import re
from collections.abc import Mapping
from datetime import date

from marketplace.platform.errors import RuleBroken

_CODE = re.compile(r"[a-z][a-z0-9_]{1,39}")


def check_scheme(code: str, prerequisite: str | None, prerequisites: Mapping[str, str | None]) -> None:
    """Refuse a code that could not stand in an address, or a prerequisite that is unknown or leads back to the scheme.

    `prerequisites`: of every scheme that exists.
    """
    if not _CODE.fullmatch(code):
        raise RuleBroken(
            "scheme_code_unusable", "Un code s'écrit en minuscules sans accent, chiffres et tirets bas : par exemple iso27701.",
            field="code",
        )  # fmt: skip
    if prerequisite is None:
        return
    if prerequisite not in prerequisites:
        raise RuleBroken("scheme_prerequisite_unknown", "Le certificat exigé au préalable est inconnu.", field="prerequisite")
    needed: str | None = prerequisite
    while needed is not None:
        if needed == code:
            raise RuleBroken(
                "scheme_prerequisite_circular", "Ce certificat s'exigerait lui-même : choisissez-en un autre.",
                field="prerequisite",
            )  # fmt: skip
        needed = prerequisites.get(needed)


def check_window(version: str, usable_from: date | None, void_after: date | None) -> None:
    """Refuse a version without a name, or whose window ends before it begins. Days included."""
    if not version.strip():
        raise RuleBroken("scheme_version_unnamed", "Nommez la version, par exemple v3 ou 2028.", field="version")
    if usable_from is not None and void_after is not None and void_after <= usable_from:
        raise RuleBroken(
            "scheme_window_backwards",
            "La version ne vaudrait plus rien le {void_after}, avant d'exister : vérifiez les dates.",
            field="void_after", void_after=void_after,
        )  # fmt: skip
