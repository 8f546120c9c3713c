"""Words of the catalogue on screens: codes of the vocabularies in the reader's language."""
from collections.abc import Sequence
from typing import Final

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from marketplace.establishments.territory import COLLECTIVITIES, REGIONS

TERRITORY_NAMES: Final = {**REGIONS, **COLLECTIVITIES}
DELIVERY_MODES: Final = {"on_site": _l("Sur site"), "remote": _l("À distance")}
STANDINGS: Final = {
    "waiting": (_l("À vérifier"), "short"),
    "verified": (_l("Vérifié"), "met"),
    "refused": (_l("Refusé"), "stop"),
    "suspended": (_l("Suspendu"), "stop"),
}
"""Words and tone of the pill of a provider's standing."""
PRICINGS: Final = {
    "all_units": _l("La tranche atteinte vaut pour toutes les unités"),
    "incremental": _l("Chaque tranche vaut pour ses propres unités"),
}
PRICE_PERIODS: Final = {"once": _l("une fois"), "month": _l("par mois"), "year": _l("par an")}
SERVICE_HOURS: Final = {
    "business": _l("Jours ouvrés, heures de bureau"),
    "extended": _l("Soirs et samedis compris"),
    "always": _l("24 h sur 24, 7 jours sur 7"),
}
VISIBILITIES: Final = {
    "buyers": _l("Acheteurs vérifiés seulement (établissements et centrales)"),
    "public": _l("Tout le monde, sauf les autres prestataires"),
}


def regions_in_words(codes: Sequence[str]) -> str:
    """The names of INSEE regions in one line; all eighteen are said in two words."""
    others = [TERRITORY_NAMES.get(code, code) for code in codes if code not in REGIONS]
    if set(REGIONS) <= set(codes):
        return ", ".join([_("Toutes les régions"), *others])
    return ", ".join(TERRITORY_NAMES.get(code, code) for code in codes)
