"""HTML: the mails kept instead of sent in the demonstration and in tests; registered nowhere else."""
from flask import Flask, render_template, request

from marketplace.platform.api import page_blueprint
from marketplace.platform.config import Settings
from marketplace.platform.database import db
from marketplace.platform.mail import list_letters

bp = page_blueprint("mailbox", __name__, template_folder="../templates")

PUBLIC_ENDPOINTS = ("mailbox_pages.list_mails",)


@bp.get("/demo/courrier")
def list_mails() -> str:
    """The newest mails, of everybody or of one address."""
    recipient = request.args.get("adresse", "").strip() or None
    return render_template(
        "dashboard/mailbox.html", letters=list_letters(db.session(), recipient=recipient), recipient=recipient or ""
    )


def init_app(app: Flask) -> None:
    """Register the page where mails are kept: never in production, since they hold links to choose passwords."""
    settings: Settings = app.config["GRAPPE"]
    if settings.environment != "production":
        app.register_blueprint(bp)
