"""HTML: sign in and out, my sessions, my tokens, the people of my organisation, the language."""
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user, login_user, logout_user
from werkzeug.wrappers import Response

from marketplace.accounts import identity, passwords_by_mail, queries, rules, services
from marketplace.accounts.forms import (
    ROLE_NAMES,
    AskLinkForm,
    MemberForm,
    NewPasswordForm,
    PasswordForm,
    RolesForm,
    SignInForm,
    TokenForm,
    role_choices,
)
from marketplace.accounts.models import Organisation
from marketplace.platform.api import current_actor, guard, page_blueprint
from marketplace.platform.database import db
from marketplace.platform.errors import DomainError
from marketplace.platform.i18n import LOCALES, sentence
from marketplace.platform.permissions import allowed, require

bp = page_blueprint("accounts", __name__)

PUBLIC_ENDPOINTS = (
    "accounts_pages.sign_in",
    "accounts_pages.sign_out",
    "accounts_pages.choose_language",
    "accounts_pages.ask_password_link",
    "accounts_pages.choose_password",
)


def safe_next(target: str | None) -> str:
    """A path of this site to go on to; anything else leads home (no open redirect)."""
    parts = urlsplit(target or "")
    if not target or parts.scheme or parts.netloc or not target.startswith("/") or target.startswith(("//", "/\\")):
        return "/"
    return target


@bp.route("/connexion", methods=["GET", "POST"])
def sign_in() -> Any:
    """Sign in with e-mail and password."""
    if current_actor().user_id is not None and request.method == "GET":
        return redirect(safe_next(request.args.get("next")))
    form = SignInForm(next=request.args.get("next", ""))
    if not form.validate_on_submit():
        return render_template("accounts/sign_in.html", form=form), 422 if form.is_submitted() else 200
    try:
        key, _user_id = services.sign_in(
            form.email.data, form.password.data,
            address=request.remote_addr or "", browser=request.user_agent.string,
        )  # fmt: skip
    except DomainError as refused:
        form.password.errors = [sentence(refused)]
        return render_template("accounts/sign_in.html", form=form, refused=refused), refused.status
    signed_in = identity.load_signed_in(key)
    login_user(signed_in)
    return redirect(safe_next(form.next.data))


@bp.post("/deconnexion")
def sign_out() -> Response:
    """End this session."""
    if current_user.is_authenticated:
        services.sign_out(current_user.key)
    logout_user()
    flash(_("Vous êtes déconnecté."), "info")
    return redirect("/")


@bp.post("/langue")
def choose_language() -> Response:
    """Remember the language in a cookie, and with the account when signed in."""
    chosen = request.form.get("lang", "fr")
    chosen = chosen if chosen in LOCALES else "fr"
    if current_actor().user_id is not None:
        services.change_locale(current_actor(), chosen)
    response = redirect(safe_next(request.form.get("next")))
    response.set_cookie("lang", chosen, max_age=31_536_000, samesite="Lax", httponly=True, secure=request.is_secure)
    return response


@bp.get("/compte")
@guard("me.read")
def account() -> str:
    """My account: who I am, my organisations, my sessions, my password."""
    actor = current_actor()
    return render_template(
        "accounts/account.html",
        user=queries.get_user(db.session(), actor.own_id),
        seats=actor.seats,
        sessions=queries.list_sessions(db.session(), actor.own_id),
        this_session=getattr(current_user, "session_id", None),
        form=PasswordForm(),
        role_names=ROLE_NAMES,
    )


@bp.post("/compte/mot-de-passe")
@guard("me.change")
def change_password() -> Any:
    """Replace my password; every session ends, so one signs in again."""
    form = PasswordForm()
    if form.validate_on_submit():
        try:
            services.change_password(current_actor(), current=form.current.data, new=form.new.data)
        except DomainError as refused:
            flash(sentence(refused), "danger")
            return redirect(url_for(".account"))
        logout_user()
        flash(_("Mot de passe changé. Toutes vos sessions sont fermées : reconnectez-vous."), "success")
        return redirect(url_for(".sign_in"))
    flash(_("Remplissez les deux champs."), "danger")
    return redirect(url_for(".account"))


@bp.post("/compte/sessions/<uuid:session_id>/fermeture")
@guard("session.manage")
def revoke_session(session_id: UUID) -> Response:
    """End one of my sessions."""
    services.revoke_session(current_actor(), session_id)
    flash(_("Session fermée."), "success")
    return redirect(url_for(".account"))


@bp.route("/compte/jetons", methods=["GET", "POST"])
@guard("token.manage")
def tokens() -> Any:
    """My API tokens; a new one is shown once."""
    form, made, status = TokenForm(), None, 200
    if form.validate_on_submit():
        try:
            made = services.create_token(
                current_actor(), name=form.name.data, scopes=form.scopes.data, days=form.days.data
            )
        except DomainError as refused:
            form.scopes.errors = [sentence(refused)]
            status = refused.status
    elif form.is_submitted():
        status = 422
    listed = queries.list_tokens(db.session(), current_actor().own_id)
    return render_template("accounts/tokens.html", form=form, made=made, tokens=listed), status


@bp.post("/compte/jetons/<uuid:token_id>/revocation")
@guard("token.manage")
def revoke_token(token_id: UUID) -> Response:
    """End a token at once."""
    services.revoke_token(current_actor(), token_id)
    flash(_("Jeton révoqué : il n'ouvre plus rien."), "success")
    return redirect(url_for(".tokens"))


@bp.get("/organisations/<uuid:organisation_id>")
@guard("organisation.read")
def organisation(organisation_id: UUID) -> str:
    """An organisation of mine: its identity and its people."""
    shown = queries.get_organisation(db.session(), current_actor(), organisation_id)
    require(current_actor(), "organisation.read", own=organisation_id)
    return _organisation_page(shown, _member_form(shown))


@bp.post("/organisations/<uuid:organisation_id>")
@guard("member.manage")
def add_member(organisation_id: UUID) -> Any:
    """Somebody joins the organisation; a refusal stands beside the rights asked for."""
    shown = queries.get_organisation(db.session(), current_actor(), organisation_id)
    form = _member_form(shown)
    if not form.validate():
        return _organisation_page(shown, form), 422
    try:
        services.add_member(
            current_actor(), organisation_id,
            email=form.email.data, full_name=form.full_name.data, roles=form.roles.data or [],
        )  # fmt: skip
    except DomainError as refused:
        form.roles.errors = [sentence(refused)]
        return _organisation_page(shown, form), refused.status
    flash(_("%(name)s fait maintenant partie de l'organisation.", name=form.full_name.data), "success")
    return redirect(url_for(".organisation", organisation_id=organisation_id))


def _member_form(organisation: Organisation) -> MemberForm:
    form = MemberForm()
    form.roles.choices = role_choices(rules.ROLES_BY_KIND[organisation.kind])
    return form


def _organisation_page(organisation: Organisation, form: MemberForm) -> str:
    actor = current_actor()
    return render_template(
        "accounts/organisation.html", organisation=organisation, form=form, role_names=ROLE_NAMES,
        members=queries.list_members(db.session(), organisation.id),
        may_manage=allowed(actor, "member.manage", own=organisation.id), own_user_id=actor.user_id,
    )  # fmt: skip


@bp.route("/organisations/<uuid:organisation_id>/membres/<uuid:membership_id>", methods=["GET", "POST"])
@guard("member.manage")
def member(organisation_id: UUID, membership_id: UUID) -> Any:
    """The rights of one member: change them, or take the person out."""
    actor = current_actor()
    shown = queries.get_organisation(db.session(), actor, organisation_id)
    require(actor, "member.manage", own=organisation_id)
    membership = queries.get_membership(db.session(), organisation_id, membership_id)
    form, status = RolesForm(roles=membership.roles), 200
    form.roles.choices = role_choices(rules.ROLES_BY_KIND[shown.kind])
    if form.validate_on_submit():
        try:
            if request.form.get("act") == "end":
                services.end_membership(actor, organisation_id, membership_id)
            else:
                services.change_roles(actor, organisation_id, membership_id, roles=form.roles.data or [])
            return redirect(url_for(".organisation", organisation_id=organisation_id))
        except DomainError as refused:
            form.roles.errors = [sentence(refused)]
            status = refused.status
    person = queries.get_user(db.session(), membership.user_id)
    return render_template("accounts/member.html", organisation=shown, person=person, form=form), status


@bp.route("/mot-de-passe/oublie", methods=["GET", "POST"])
def ask_password_link() -> Any:
    """Ask for a link; the answer is the same whether the address is known or not."""
    form = AskLinkForm()
    if form.validate_on_submit():
        passwords_by_mail.ask_link(form.email.data, address=request.remote_addr or "")
        return render_template("accounts/link_asked.html")
    return render_template("accounts/ask_link.html", form=form), 422 if form.is_submitted() else 200


@bp.route("/mot-de-passe/<token>", methods=["GET", "POST"])
def choose_password(token: str) -> Any:
    """Choose a password from a mailed link, valid once and for a day."""
    user_id = passwords_by_mail.read_link(token)
    form = NewPasswordForm()
    if form.validate_on_submit():
        try:
            services.set_password(user_id, form.new.data)
            flash(_("Mot de passe enregistré : connectez-vous."), "success")
            return redirect(url_for(".sign_in"))
        except DomainError as refused:
            form.new.errors = [sentence(refused)]
            return render_template("accounts/choose_password.html", form=form), refused.status
    return render_template("accounts/choose_password.html", form=form), 422 if form.is_submitted() else 200
