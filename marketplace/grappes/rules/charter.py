"""What a charter may say: its terms as data, three presets, what is refused, and the hash that members sign."""
import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from marketplace.platform.errors import N_, BadInput, RuleBroken, Sentence

LEGAL_FORMS = ("none", "association", "gie", "gcs", "groupement_de_commandes")
PRESETS = ("light_association", "committed_group", "order_group")
VOTING_RULES = ("one_member_one_vote", "by_volume", "both_majorities")
SHARING_RULES = ("own_only", "pro_rata")
LONGEST_NOTICE_DAYS = 365

LEGAL_FORM_NAMES = {
    "none": N_("sans personnalité juridique"),
    "association": N_("association"),
    "gie": N_("groupement d'intérêt économique (GIE)"),
    "gcs": N_("groupement de coopération sanitaire (GCS)"),
    "groupement_de_commandes": N_("groupement de commandes"),
}
PRESET_NAMES = {
    "light_association": N_("Association légère"),
    "committed_group": N_("Groupe engagé"),
    "order_group": N_("Groupement de commandes"),
}


@dataclass(frozen=True)
class CharterTerms:
    """The parameters of a charter (domain §4b.11).

    `territory`: INSEE region codes, empty = whole country. `quorum` counts the coordinator. `maximum_members` None =
    no maximum. `coordinator_enters_needs`: the mandate to enter needs for members. `lock_in`: no leaving while a firm
    need is open. `shortfall_sharing`, `surplus_sharing`: `own_only` or `pro_rata`.
    """

    preset: str
    legal_form: str
    categories: tuple[str, ...]
    territory: tuple[str, ...] = ()
    quorum: int = 2
    maximum_members: int | None = None
    voting_rule: str = "one_member_one_vote"
    coordinator_enters_needs: bool = False
    exit_notice_days: int = 30
    lock_in: bool = True
    shortfall_sharing: str = "own_only"
    surplus_sharing: str = "pro_rata"

    def as_parameters(self) -> dict[str, Any]:
        """The terms as JSON values, the way they are stored and hashed."""
        return {**asdict(self), "categories": list(self.categories), "territory": list(self.territory)}

    @classmethod
    def from_parameters(cls, parameters: Mapping[str, Any]) -> "CharterTerms":
        """The terms read back from a stored charter."""
        known = {field.name: parameters[field.name] for field in fields(cls) if field.name in parameters}
        known["categories"] = tuple(known["categories"])
        known["territory"] = tuple(known.get("territory", ()))
        return cls(**known)


_PRESET_TERMS: dict[str, dict[str, Any]] = {
    # Easy to enter, easy to leave; each member answers for its own volume.
    "light_association": {"exit_notice_days": 30, "lock_in": False, "shortfall_sharing": "own_only"},
    # Members bind themselves together: longer notice, no leaving during a purchase, a shortfall is shared.
    "committed_group": {
        "exit_notice_days": 90, "lock_in": True, "voting_rule": "both_majorities",
        "coordinator_enters_needs": True, "shortfall_sharing": "pro_rata",
    },
    # A convention under the public code: the coordinator acts for the members of the group.
    "order_group": {"exit_notice_days": 60, "lock_in": True, "coordinator_enters_needs": True},
}  # fmt: skip

_PRESET_OF_FORM = {
    "none": "light_association",
    "association": "light_association",
    "gie": "committed_group",
    "gcs": "committed_group",
    "groupement_de_commandes": "order_group",
}


def terms_from(legal_form: str, categories: Collection[str], preset: str | None = None, **chosen: Any) -> CharterTerms:
    """Terms of a preset (by default the legal form's usual one) with what the founder chose otherwise.

    A chosen value of None means "as the preset says".
    """
    preset = preset or _PRESET_OF_FORM[legal_form]
    given = {name: value for name, value in chosen.items() if value is not None}
    given["territory"] = tuple(sorted(set(given.get("territory", ()))))
    return CharterTerms(preset, legal_form, tuple(sorted(set(categories))), **{**_PRESET_TERMS[preset], **given})


def amended(terms: CharterTerms, **changes: Any) -> CharterTerms:
    """The terms with some parameters replaced; lists are put into their canonical order.

    Another preset brings its own conditions (notice, lock-in, votes, sharing) where the changes name none. Another
    legal form keeps the conditions, and takes its usual preset's name when the former preset does not fit it.
    """
    legal_form = changes.get("legal_form", terms.legal_form)
    if "preset" in changes and changes["preset"] != terms.preset:
        terms = terms_from(
            legal_form, terms.categories, changes["preset"],
            territory=terms.territory, quorum=terms.quorum, maximum_members=terms.maximum_members,
        )  # fmt: skip
    elif not fits(terms.preset, legal_form):
        changes.setdefault("preset", _PRESET_OF_FORM[legal_form])
    for name in ("categories", "territory"):
        if name in changes:
            changes[name] = tuple(sorted(set(changes[name])))
    return replace(terms, **changes)


def fits(preset: str, legal_form: str) -> bool:
    """The order group's preset and legal form go together, or not at all."""
    return (preset == "order_group") == (legal_form == "groupement_de_commandes")


def check_terms(terms: CharterTerms, known_categories: Collection[str], known_regions: Collection[str]) -> None:
    """Refuse terms that nobody could live by: unknown words (BadInput) or impossible sizes (RuleBroken)."""
    errors: dict[str, list[str]] = {}
    if not terms.categories or set(terms.categories) - set(known_categories):
        errors["categories"] = [N_("Choisissez au moins une catégorie de service de la liste.")]
    if set(terms.territory) - set(known_regions):
        errors["territory"] = [N_("Choisissez des régions de la liste, ou aucune pour tout le pays.")]
    if not 0 <= terms.exit_notice_days <= LONGEST_NOTICE_DAYS:
        errors["exit_notice_days"] = [N_("Donnez un préavis de 0 à 365 jours.")]
    if errors:
        raise BadInput(errors)
    if terms.quorum < 2:
        raise RuleBroken(
            "quorum_too_small",
            "Une grappe réunit au moins 2 établissements, coordinateur compris : choisissez un quorum de 2 ou plus.",
        )
    if terms.maximum_members is not None and terms.maximum_members < terms.quorum:
        raise RuleBroken(
            "maximum_below_quorum",
            "Le nombre maximal de membres ({maximum}) est inférieur au quorum ({quorum}) : "
            "la grappe ne pourrait jamais être activée. Augmentez l'un ou réduisez l'autre.",
            maximum=terms.maximum_members,
            quorum=terms.quorum,
        )
    if not fits(terms.preset, terms.legal_form):
        raise RuleBroken(
            "preset_does_not_fit_the_form",
            "Le modèle « groupement de commandes » va avec la forme juridique du même nom : choisissez les deux, "
            "ou aucun des deux.",
        )


def charter_hash(parameters: Mapping[str, Any], text: str) -> str:
    """SHA-256 (hexadecimal) of the canonical JSON of the parameters, a line feed, and the text shown."""
    canonical = json.dumps(parameters, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(f"{canonical}\n{text}".encode()).hexdigest()


def check_signature(shown_hash: str | None, current_hash: str) -> None:
    """A signature is for one exact text: refuse when another version was shown than the one in force."""
    if shown_hash is not None and shown_hash != current_hash:
        raise RuleBroken(
            "charter_changed",
            "La convention a changé depuis que vous l'avez lue : relisez la version en vigueur, puis signez-la.",
            charter_hash=current_hash,
        )


def differences(before: CharterTerms, after: CharterTerms) -> list[str]:
    """Names of the parameters that differ, for the audit."""
    return [field.name for field in fields(CharterTerms) if getattr(before, field.name) != getattr(after, field.name)]


def preset_summary(preset: str) -> Sentence:
    """One sentence telling a founder what the preset means."""
    return Sentence(preset, _SUMMARIES[preset])


_SUMMARIES = {
    "light_association": N_("Préavis de 30 jours, départ libre, chacun ne répond que de son propre volume."),
    "committed_group": N_(
        "Préavis de 90 jours, pas de départ tant qu'un besoin ferme est ouvert, "
        "un volume manquant est partagé entre les membres."
    ),
    "order_group": N_(
        "Convention et coordinateur mandaté, préavis de 60 jours ; ouvert aux établissements publics hors GHT."
    ),
}
