"""What may be declared as a certificate, and what the platform may decide about it."""
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from catalog.certifications.rules.states import Scheme
from marketplace.platform.errors import RuleBroken
from marketplace.platform.months import months_after

DECISIONS: Final = {
    "verify": ("declared",),
    "reject": ("declared",),
    "suspend": ("verified",),
    "reinstate": ("suspended",),
    "withdraw": ("declared", "verified", "suspended"),
}
"""What the platform operator may decide, and from which states. Expired certificates stay as they are."""
NEEDS_REASON: Final = ("reject", "suspend", "withdraw")
MOST_PIECES: Final = 5
"""Pieces of evidence of one certificate."""


@dataclass(frozen=True)
class Declared:
    """A certificate as the provider writes it; days included."""

    version: str | None
    activities: Collection[int]
    valid_from: date
    valid_until: date
    countries: Mapping[str, bool] = field(default_factory=dict)
    """Of the hosting sites it names: the country's name, and whether it lies in the European Economic Area."""
    level: int | None = None


def check_declaration(scheme: Scheme, declared: Declared) -> None:
    """Refuse what can never be a certificate of this scheme. RuleBroken with the `field` to correct."""
    _check_dates(scheme, declared)
    _check_version(scheme, declared)
    _check_sites(scheme, declared)
    if declared.level is not None and declared.level not in scheme.levels:
        raise RuleBroken(
            "certificate_level_unknown", "Niveau inconnu pour {scheme} : choisissez parmi {levels}.",
            field="level", scheme=scheme.name, levels=", ".join(scheme.levels.values()) or "–",
        )  # fmt: skip
    unknown = sorted(set(declared.activities) - set(scheme.activities))
    if unknown:
        raise RuleBroken(
            "certificate_activity_unknown",
            "Activité inconnue pour {scheme} : {unknown}. Choisissez parmi celles du référentiel.",
            field="activities", scheme=scheme.name, unknown=", ".join(map(str, unknown)),
        )  # fmt: skip
    if scheme.activities and not declared.activities:
        raise RuleBroken(
            "certificate_without_activity",
            "Un certificat {scheme} dit ce qu'il couvre : cochez au moins une activité.",
            field="activities", scheme=scheme.name,
        )  # fmt: skip


def _check_dates(scheme: Scheme, declared: Declared) -> None:
    if declared.valid_until <= declared.valid_from:
        raise RuleBroken(
            "certificate_ends_before_it_starts",
            "Le certificat finit le {valid_until}, avant de commencer : vérifiez les deux dates.",
            field="valid_until", valid_until=declared.valid_until,
        )  # fmt: skip
    latest = months_after(declared.valid_from, scheme.maximum_months)
    if declared.valid_until > latest:
        raise RuleBroken(
            "certificate_too_long",
            "Un certificat {scheme} dure {months} mois au plus : il finirait au plus tard le {latest}.",
            field="valid_until", scheme=scheme.name, months=scheme.maximum_months, latest=latest,
        )  # fmt: skip


def _check_version(scheme: Scheme, declared: Declared) -> None:
    if not scheme.versions and declared.version is None:
        return
    version = scheme.versions.get(declared.version or "")
    if version is None:
        raise RuleBroken(
            "certificate_version_unknown",
            "Version inconnue pour {scheme} : choisissez parmi {versions}.",
            field="version", scheme=scheme.name, versions=", ".join(scheme.versions) or "–",
        )  # fmt: skip
    if version.usable_from is not None and declared.valid_from < version.usable_from:
        raise RuleBroken(
            "certificate_before_its_version",
            "La version {version} n'existe que depuis le {usable_from} : vérifiez la date de début.",
            field="valid_from", version=version.code, usable_from=version.usable_from,
        )  # fmt: skip
    if version.void_after is not None and declared.valid_from > version.void_after:
        raise RuleBroken(
            "certificate_after_its_version",
            "La version {version} ne vaut plus rien depuis le {void_after} : vérifiez la version ou la date de début.",
            field="version", version=version.code, void_after=version.void_after,
        )  # fmt: skip


def _check_sites(scheme: Scheme, declared: Declared) -> None:
    if declared.countries and not scheme.names_sites:
        raise RuleBroken(
            "certificate_names_no_site",
            "Un certificat {scheme} ne nomme pas de site d'hébergement : décochez-les.",
            field="sites", scheme=scheme.name,
        )  # fmt: skip
    version = scheme.versions.get(declared.version or "")
    outside = sorted(country for country, is_inside in declared.countries.items() if not is_inside)
    if outside and version is not None and version.hosting_in_eea:
        raise RuleBroken(
            "hosting_outside_eea",
            "Un certificat {scheme}, version {version}, ne couvre que des sites de l'Espace économique européen : "
            "retirez ceux de {countries}.",
            field="sites", scheme=scheme.name, version=version.code, countries=", ".join(outside),
        )  # fmt: skip


def check_decision(decision: str, state: str, reason: str | None) -> None:
    """Refuse a decision that does not apply to a certificate in this state, or that nobody could understand later."""
    if state not in DECISIONS[decision]:
        raise RuleBroken(
            "certificate_decision_impossible",
            "Ce certificat n'est pas dans un état qui permet cette décision : rechargez la page.",
            decision=decision, state=state,
        )  # fmt: skip
    if decision in NEEDS_REASON and not (reason or "").strip():
        raise RuleBroken(
            "certificate_reason_missing", "Écrivez la raison : le prestataire la lira et saura quoi corriger."
        )


def check_evidence_added(state: str, pieces: int) -> None:
    """Refuse a piece of evidence after the decision it should have informed, or one too many. `pieces`: already there."""
    if state != "declared":
        raise RuleBroken(
            "evidence_after_decision",
            "Ce certificat n'attend plus de preuve : déclarez le renouvellement comme un nouveau certificat.",
            field="evidence", state=state,
        )  # fmt: skip
    if pieces >= MOST_PIECES:
        raise RuleBroken(
            "evidence_too_many", "Un certificat a {most} preuves au plus : réunissez-les dans un seul PDF.",
            field="evidence", most=MOST_PIECES,
        )  # fmt: skip


def check_verified_on_evidence(decision: str, reason: str | None, pieces: int) -> None:
    """Nothing is verified on nothing: either evidence was sent, or the operator writes what it looked at instead."""
    if decision == "verify" and pieces == 0 and not (reason or "").strip():
        raise RuleBroken(
            "certificate_without_evidence",
            "Aucune preuve n'est déposée : demandez-la au prestataire, ou écrivez dans la raison ce que vous avez "
            "contrôlé (registre de l'organisme, liste officielle).",
            field="reason",
        )  # fmt: skip
