"""What a revision of a category may contain."""
import re

from marketplace.platform.errors import N_, BadInput

_CPV = re.compile(r"[0-9]{8}-[0-9]")


def check_revision(cpv: str, domain_code: str, known_domains: set[str]) -> None:
    """CPV written with its check digit (regulation (EC) 213/2008) and a domain that exists, else BadInput."""
    errors: dict[str, list[str]] = {}
    if not _CPV.fullmatch(cpv):
        errors["cpv"] = [N_("Écrivez le code CPV avec sa clé, par exemple 48730000-4.")]
    if domain_code not in known_domains:
        errors["domain"] = [N_("Choisissez un domaine prioritaire de la liste.")]
    if errors:
        raise BadInput(errors)
