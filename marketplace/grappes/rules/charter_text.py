"""How a charter reads: its French text, article by article, rendered from its terms and nothing else.

The text is the signed document: it stays French and is stored as rendered, whatever the reader's language.
"""
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from marketplace.grappes.rules.charter import LEGAL_FORM_NAMES, CharterTerms


@dataclass(frozen=True)
class CharterNames:
    """The names that the text spells out: the grappe, its coordinator, and codes in words (French)."""

    grappe: str
    coordinator: str
    categories: Mapping[str, str]
    regions: Mapping[str, str]


_VOTING = {
    "one_member_one_vote": "chaque membre dispose d'une voix ; la majorité des voix exprimées l'emporte",
    "by_volume": "chaque membre pèse son volume de besoins comptés ; la majorité du volume l'emporte",
    "both_majorities": "une décision est prise si elle réunit à la fois la majorité des membres et celle du volume",
}
_SHORTFALL = {
    "own_only": "chaque membre ne répond que de son propre volume engagé ; nul ne paie pour le retrait d'un autre",
    "pro_rata": "un volume manquant est réparti entre les membres au prorata de leurs volumes engagés",
}
_SURPLUS = {
    "own_only": "un volume commandé au-delà des besoins reste à la charge et au bénéfice du membre qui l'a accepté",
    "pro_rata": "un volume commandé au-delà des besoins est proposé aux membres au prorata de leurs marges",
}


def charter_text(terms: CharterTerms, names: CharterNames, version: int) -> str:
    """The whole charter as paragraphs separated by a blank line; same terms, names and version, same text."""
    title = f"Convention de la grappe « {names.grappe} » – version {version}"
    articles = [
        ("Objet", _purpose(terms, names)),
        ("Membres et territoire", _members(terms, names)),
        ("Quorum et activation", _quorum(terms)),
        ("Décisions", f"Entre les membres, {_VOTING[terms.voting_rule]}."),
        ("Coordination", _coordination(terms, names)),
        ("Une seule grappe par catégorie", _one_pool()),
        ("Départ", _exit(terms)),
        ("Volume manquant et volume en plus", _sharing(terms)),
        ("Ce que la grappe n'est pas", _not_a_contract()),
    ]
    body = [f"Article {number}. {heading}\n{text}" for number, (heading, text) in enumerate(articles, start=1)]
    return "\n\n".join([title, *body])


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} et {words[-1]}"


def _purpose(terms: CharterTerms, names: CharterNames) -> str:
    categories = _listed([names.categories[code] for code in terms.categories])
    form = LEGAL_FORM_NAMES[terms.legal_form]
    return (
        f"Les membres réunissent leurs besoins de cybersécurité dans les catégories suivantes : {categories}. "
        f"Forme juridique de la grappe : {form}."
    )


def _members(terms: CharterTerms, names: CharterNames) -> str:
    place = (
        f"implantés dans les régions suivantes : {_listed([names.regions[code] for code in terms.territory])}"
        if terms.territory
        else "implantés sur tout le territoire national"
    )
    size = (
        f"Elle compte au plus {terms.maximum_members} membres."
        if terms.maximum_members is not None
        else "Le nombre de ses membres n'est pas limité."
    )
    public = (
        " Un établissement public hors GHT peut en être membre."
        if terms.legal_form == "groupement_de_commandes"
        else ""
    )
    return (
        f"La grappe accueille des établissements de santé et médico-sociaux privés {place}.{public} {size} "
        "Un établissement devient membre en signant la présente version de la convention."
    )


def _quorum(terms: CharterTerms) -> str:
    return (
        f"La grappe est activée par son coordinateur quand {terms.quorum} membres au moins ont signé, "
        "coordinateur compris. Avant l'activation, aucun besoin ne peut être réuni au nom de la grappe."
    )


def _coordination(terms: CharterTerms, names: CharterNames) -> str:
    mandate = (
        "Il est mandaté pour saisir les besoins des membres ; un besoin ferme reste signé par le membre lui-même."
        if terms.coordinator_enters_needs
        else "Il ne saisit pas de besoin à la place des membres."
    )
    return (
        f"Le coordinateur est, à la date de cette version, {names.coordinator}. Il invite, active, transmet la "
        f"coordination, exclut avec motif et dissout la grappe avec motif. {mandate}"
    )


def _one_pool() -> str:
    return (
        "Pour une même catégorie, un établissement n'est membre que d'une seule grappe à la fois, "
        "dès la signature et jusqu'à la fin de son adhésion."
    )


def _exit(terms: CharterTerms) -> str:
    notice = (
        f"Un membre peut quitter la grappe avec un préavis de {terms.exit_notice_days} jours."
        if terms.exit_notice_days
        else "Un membre peut quitter la grappe sans préavis."
    )
    lock = (
        "Il ne le peut pas tant qu'un de ses besoins fermes est ouvert."
        if terms.lock_in
        else "Ses besoins qui ne sont pas encore clos sont alors retirés."
    )
    return (
        f"{notice} {lock} Avant l'activation de la grappe, le départ est immédiat. "
        "Le coordinateur qui part transmet d'abord la coordination."
    )


def _sharing(terms: CharterTerms) -> str:
    shortfall, surplus = _SHORTFALL[terms.shortfall_sharing], _SURPLUS[terms.surplus_sharing]
    return f"En cas de retrait, {shortfall}. À la commande, {surplus}."


def _not_a_contract() -> str:
    return (
        "La présente convention n'est pas un marché et n'engage aucune dépense. Chaque achat groupé fait l'objet "
        "d'un engagement distinct, signé par chaque membre pour sa propre quantité."
    )
