"""What the pages of mini-competitions read from people: a need with its deadline, prices, scores."""
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from flask_babel import gettext as _

from marketplace.platform import clock
from tenders.contracts.competitions.rules.criteria import PRICE, Framework
from tenders.contracts.competitions.rules.deadline import earliest_close
from tenders.contracts.competitions.services.deciding import Score
from tenders.contracts.competitions.services.opening import Want
from tenders.contracts.competitions.views import Sight
from tenders.contracts.ordering.forms import amount_of, day_of, whole

PREPARATION = timedelta(days=7)
"""Between the deadline proposed and the delivery proposed."""


@dataclass
class Read:
    """What was written, as a use case takes it; `errors` by field say what could not be read."""

    want: Want | None = None
    errors: dict[str, list[str]] = field(default_factory=dict)


def usual(framework: Framework) -> dict[str, str]:
    """What the form proposes: noon on the first day that leaves enough time, delivery a week later."""
    earliest = clock.paris(earliest_close(clock.now(), framework.answer_days))
    closes_at = earliest.replace(hour=12, minute=0, second=0, microsecond=0)
    if closes_at < earliest:
        closes_at += timedelta(days=1)
    return {"closes_at": f"{closes_at:%Y-%m-%dT%H:%M}", "starts_on": (closes_at + PREPARATION).date().isoformat()}


def moment_of(written: str) -> datetime | None:
    """A moment on the wall clock in Paris as a field sends it; None when it is unreadable."""
    try:
        return datetime.fromisoformat(written.strip()).replace(tzinfo=clock.PARIS)
    except ValueError:
        return None


def want_of(form: Mapping[str, str], site_id: UUID, lot_id: UUID, framework: Framework) -> Read:
    """The need as it was written."""
    read = Read()
    starts_on, badly = day_of(form.get("starts_on", ""))
    closes_at = moment_of(form.get("closes_at", ""))
    if starts_on is None or badly:
        read.errors["starts_on"] = [_("Donnez un jour de livraison, par exemple 2027-06-12.")]
    if closes_at is None:
        read.errors["closes_at"] = [_("Donnez un jour et une heure, par exemple 2027-06-01T12:00.")]
    weights = {
        label: whole(form.get(f"weight_{place}", "") or "0", nothing=-1) for place, label in enumerate(framework.qualities, 1)
    }
    if -1 in weights.values():
        read.errors["criteria"] = [_("Écrivez chaque poids en nombre entier, 0 pour ne pas en tenir compte.")]
    if read.errors or starts_on is None or closes_at is None:
        return read
    read.want = Want(
        site_id, lot_id, whole(form.get("quantity", "")), starts_on, closes_at, weights, form.get("places"),
        form.get("remarks"), form.get("purchase_order_reference"),
    )  # fmt: skip
    return read


def prices_of(form: Mapping[str, str]) -> tuple[Decimal, Decimal, dict[str, list[str]]]:
    """Unit price and mobilisation as they were written, and what could not be read."""
    errors = {}
    unit_price, badly = amount_of(form.get("unit_price", ""), 4)
    if unit_price is None or badly:
        errors["unit_price"] = [_("Écrivez un prix en euros hors taxes, par exemple 4,10.")]
    mobilisation, badly = amount_of(form.get("mobilisation", ""))
    if badly:
        errors["mobilisation"] = [_("Écrivez un montant en euros hors taxes, par exemple 350, ou rien.")]
    return unit_price or Decimal(0), mobilisation or Decimal(0), errors


def scores_of(form: Mapping[str, str], sight: Sight) -> tuple[list[Score], dict[str, list[str]]]:
    """The scores written for the offers with a price, and what could not be read, by field."""
    scores, errors = [], {}
    for line in sight.lines:
        for criterion in sight.competition.judged_on:
            if criterion.code == PRICE or not line.seen.has_price:
                continue
            name = f"{line.seen.contract_id}-{criterion.code}"
            score, badly = amount_of(form.get(f"score-{name}", ""), 1)
            if score is None or badly:
                errors[f"score-{name}"] = [_("Écrivez une note de 0 à 20, au dixième.")]
                continue
            scores.append(Score(line.seen.contract_id, criterion.code, score, form.get(f"reason-{name}", "")))
    return scores, errors
