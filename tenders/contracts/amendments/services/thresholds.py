"""Use case of the platform: enter a threshold of the law, from a day on."""
from datetime import date
from decimal import Decimal

from marketplace.platform import audit
from marketplace.platform.database import new_id, transaction
from marketplace.platform.errors import N_, BadInput
from marketplace.platform.permissions import Actor, require
from tenders.contracts.amendments.models import AmendmentThreshold
from tenders.contracts.amendments.words import THRESHOLDS


def enter_threshold(
    actor: Actor, *, code: str, value: Decimal, article: str, since: date, source: str
) -> AmendmentThreshold:
    """Enter what a threshold is from a day on; entered again for the same day, it corrects. BadInput."""
    with transaction() as session:
        require(actor, "threshold.enter")
        errors = {}
        if code not in THRESHOLDS:
            errors["code"] = [N_("Choisissez un seuil de la liste.")]
        if value <= 0:
            errors["value"] = [N_("Écrivez une valeur plus grande que 0.")]
        if not article.strip():
            errors["article"] = [N_("Écrivez l'article qui fixe ce seuil, par exemple R2194-8.")]
        if not source.strip():
            errors["source"] = [N_("Écrivez où ce seuil est publié : chacun doit pouvoir le vérifier.")]
        if errors:
            raise BadInput(errors)
        entered = AmendmentThreshold(
            id=new_id(), code=code, value=value, article=article.strip(), since=since, source=source.strip(),
            entered_by=actor.user_id,
        )  # fmt: skip
        session.add(entered)
        session.flush()
        audit.record(
            session, actor, "threshold.entered", "amendment_threshold", entered.id, organisation_id=None,
            after={"code": code, "value": value, "article": entered.article, "since": since, "source": entered.source},
        )  # fmt: skip
        return entered
