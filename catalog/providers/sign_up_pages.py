"""HTML: a vendor signs up, and confirms from the mailed link."""
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from catalog.providers import sign_up
from catalog.providers.forms import SignUpForm
from catalog.providers.submission import submit
from marketplace.platform.api import page_blueprint
from marketplace.platform.errors import DomainError
from marketplace.platform.i18n import sentence

bp = page_blueprint("sign_up", __name__, template_folder="../templates")

PUBLIC_ENDPOINTS = ("sign_up_pages.ask", "sign_up_pages.asked", "sign_up_pages.confirm")


@bp.route("/inscription", methods=["GET", "POST"])
def ask() -> Any:
    """Ask to join as a vendor; the answer is the same whoever exists already."""
    form = SignUpForm()

    def save() -> None:
        sign_up.ask(**form.body(), address=request.remote_addr or "")

    return submit(form, save, lambda _done: url_for(".asked"), "catalog/sign_up.html")


@bp.get("/inscription/envoyee")
def asked() -> str:
    """The link is on its way."""
    return render_template("catalog/sign_up_asked.html")


@bp.route("/inscription/<token>", methods=["GET", "POST"])
def confirm(token: str) -> Any:
    """Confirm the address; opening the link alone changes nothing (programs that read mails open links)."""
    asked_for = sign_up.read_link(token)
    if request.method == "GET":
        return render_template("catalog/sign_up_confirm.html", asked=asked_for, refused=None)
    try:
        user = sign_up.confirm(token)
    except DomainError as refused:
        page = render_template("catalog/sign_up_confirm.html", asked=asked_for, refused=sentence(refused))
        return page, refused.status
    flash(_("Inscription confirmée : complétez votre fiche, la plateforme la vérifie ensuite."), "success")
    return redirect(sign_up.onward(user) or url_for("profiles_pages.own_profile"))
