"""HTML for the operator: the thresholds of the public code that amendments are held against, as data."""
from typing import Any

from flask import flash, url_for
from flask_babel import gettext as _

from catalog.providers.submission import submit
from marketplace.platform.api import current_actor, guard, page_blueprint
from marketplace.platform.database import db
from marketplace.platform.permissions import require
from tenders.contracts.amendments import labels, queries, services
from tenders.contracts.amendments.forms import ThresholdForm
from tenders.contracts.amendments.models import AmendmentThreshold
from tenders.contracts.amendments.schemas import AmendmentThresholdIn

bp = page_blueprint("amendment_thresholds", __name__, template_folder="../../templates")


@bp.route("/referentiels/seuils-des-avenants", methods=["GET", "POST"])
@guard("threshold.enter")
def show_thresholds() -> Any:
    """Every threshold with its article and source, and the form that enters what replaces one."""
    actor = current_actor()
    require(actor, "threshold.enter")
    form = ThresholdForm()

    def save() -> AmendmentThreshold:
        return services.enter_threshold(actor, **AmendmentThresholdIn().load(form.body()))

    def onward(_entered: AmendmentThreshold) -> str:
        flash(_("Seuil enregistré : les avenants signés à partir de ce jour y sont comparés."), "success")
        return url_for(".show_thresholds")

    return submit(
        form, save, onward, "amendments/thresholds.html", thresholds=queries.list_thresholds(db.session()), labels=labels
    )
