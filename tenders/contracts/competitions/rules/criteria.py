"""What offers are judged on: the price always, and criteria of quality among those that the lot's framework states.

Code de la commande publique, art. R2162-10: the holders are asked in writing, given a sufficient time to answer, and the
order goes to the best offer on the criteria stated in the framework agreement. How long is sufficient depends on the
need: each lot says how many days, and a centre changes them until its first competition.
"""
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from marketplace.platform.errors import RuleBroken

USUAL_ANSWER_DAYS: Final = 7
MOST_ANSWER_DAYS: Final = 60
MOST_QUALITIES: Final = 5
LONGEST_LABEL: Final = 80
PRICE: Final = "price"
HIGHEST_SCORE: Final = 20
"""Quality is scored by the buyer from 0 to this."""


@dataclass(frozen=True)
class Framework:
    """What a lot's framework allows. `least_price_percent`: the price never weighs less. Without qualities: price alone."""

    answer_days: int = USUAL_ANSWER_DAYS
    least_price_percent: int = 100
    qualities: tuple[str, ...] = ()


@dataclass(frozen=True)
class Criterion:
    """A criterion of one competition; `weight` in per cent, all of them make 100. `label` None: the price."""

    code: str
    weight: int
    label: str | None = None


def check_framework(answer_days: int, least_price_percent: int, qualities: Sequence[str]) -> Framework:
    """The framework of a lot as it is kept. RuleBroken with the field.

    `answer_days_not_possible`, `qualities_not_possible`, `least_price_not_possible`.
    """
    kept = tuple(" ".join(each.split()) for each in qualities if each.strip())
    if not 1 <= answer_days <= MOST_ANSWER_DAYS:
        raise RuleBroken(
            "answer_days_not_possible", "Laissez de 1 à {most} jours pleins pour répondre.",
            field="answer_days", most=MOST_ANSWER_DAYS,
        )  # fmt: skip
    if len(kept) > MOST_QUALITIES or len({each.casefold() for each in kept}) < len(kept):
        raise RuleBroken(
            "qualities_not_possible", "Donnez {most} critères de qualité au plus, tous différents.",
            field="qualities", most=MOST_QUALITIES,
        )  # fmt: skip
    if any(len(each) > LONGEST_LABEL for each in kept):
        raise RuleBroken(
            "qualities_not_possible", "Nommez chaque critère de qualité en {most} caractères au plus.",
            field="qualities", most=LONGEST_LABEL,
        )  # fmt: skip
    least = least_price_percent if kept else 100
    if not 1 <= least <= 100:
        raise RuleBroken(
            "least_price_not_possible", "Dites pour combien le prix compte au moins : de 1 à 100 %.",
            field="least_price_percent",
        )  # fmt: skip
    return Framework(answer_days, least, kept)


def criteria_of(
    framework: Framework, weights: Mapping[str, int], *, may_be_price_alone: bool = True
) -> tuple[Criterion, ...]:
    """The criteria of a competition: `weights` in per cent by quality, the price takes the rest.

    `may_be_price_alone`: whether the vehicle's regime allows it. RuleBroken `criterion_not_in_framework`,
    `price_weighs_too_little`, `price_alone_not_allowed`.
    """
    unknown = sorted(set(weights) - set(framework.qualities))
    if unknown:
        raise RuleBroken(
            "criterion_not_in_framework",
            "« {label} » n'est pas un critère de ce marché : choisissez parmi ceux que son cadre énonce.",
            field="criteria", label=unknown[0],
        )  # fmt: skip
    kept = {label: weights[label] for label in framework.qualities if weights.get(label)}
    price = 100 - sum(kept.values())
    if any(weight < 0 for weight in kept.values()) or price < max(1, framework.least_price_percent):
        raise RuleBroken(
            "price_weighs_too_little",
            "Le prix compte pour {least} % au moins sur ce marché ; il en reste {left} % : baissez les autres critères.",
            field="criteria", least=max(1, framework.least_price_percent), left=price,
        )  # fmt: skip
    if not kept and not may_be_price_alone:
        raise RuleBroken(
            "price_alone_not_allowed",
            "Le régime de ce marché n'admet pas le prix pour seul critère : donnez un poids à un critère de qualité. Si son "
            "cadre n'en énonce aucun, demandez à la centrale de le compléter.",
            field="criteria",
        )  # fmt: skip
    qualities = [Criterion(f"quality_{place}", kept[label], label)
                 for place, label in enumerate(framework.qualities, 1) if label in kept]  # fmt: skip
    return (Criterion(PRICE, price), *qualities)
