"""Signing in and out in a browser, sessions that can be ended, forms that prove they are ours."""
import re

import pytest

from marketplace.accounts.models import UserSession
from marketplace.accounts.pages import safe_next
from marketplace.platform import passwords
from tests.factories import accounts as make

PASSWORD = "le chat dort sur la baie"


@pytest.fixture
def person(app, session):
    with app.app_context():
        hashed = passwords.hash_password(PASSWORD)
    user = make.user_in()
    user.password_hash = hashed
    session.commit()
    return user


def sign_in_with(client, email, password, **extra):
    return client.post("/connexion", data={"email": email, "password": password, **extra})


def test_signing_in_leads_where_one_was_going(client, person):
    asked = client.get("/compte/jetons")
    assert asked.status_code == 302 and asked.location.endswith("/connexion?next=/compte/jetons")
    answer = sign_in_with(client, person.email.upper(), PASSWORD, next="/compte/jetons")
    assert answer.status_code == 302 and answer.location == "/compte/jetons"
    assert client.get("/compte/jetons").status_code == 200


def test_unknown_user_and_wrong_password_get_the_same_answer(client, person):
    unknown = sign_in_with(client, "nobody@exemple.test", PASSWORD)
    wrong = sign_in_with(client, person.email, "not the password")
    assert unknown.status_code == wrong.status_code == 401
    strip = re.compile(r"[\w.]+@exemple\.test")
    assert strip.sub("", unknown.text) == strip.sub("", wrong.text)
    assert "Adresse ou mot de passe incorrect" in wrong.text


def test_many_wrong_passwords_close_the_account_for_a_while(client, person):
    for _ in range(10):
        assert sign_in_with(client, person.email, "wrong").status_code == 401
    refused = sign_in_with(client, person.email, PASSWORD)
    assert refused.status_code == 429 and int(refused.headers.get("Retry-After", "1")) >= 1
    assert client.get("/compte").status_code == 302


def test_a_session_ended_elsewhere_is_ended_here(client, person, session):
    sign_in_with(client, person.email, PASSWORD)
    opened = session.query(UserSession).filter_by(user_id=person.id).one()
    assert client.get("/compte").status_code == 200
    assert client.post(f"/compte/sessions/{opened.id}/fermeture").status_code == 302
    assert client.get("/compte").status_code == 302


def test_signing_out_revokes_the_session_row(client, person, session):
    sign_in_with(client, person.email, PASSWORD)
    client.post("/deconnexion")
    assert session.query(UserSession).filter_by(user_id=person.id).one().revoked_at is not None
    assert client.get("/compte").status_code == 302


@pytest.mark.parametrize("target", ["https://evil.test/", "//evil.test", "/\\evil.test", "javascript:alert(1)", "", None])
def test_nobody_is_sent_to_another_site(target):
    assert safe_next(target) == "/"


def test_a_changed_password_ends_every_session(client, person):
    sign_in_with(client, person.email, PASSWORD)
    changed = client.post("/compte/mot-de-passe", data={"current": PASSWORD, "new": "une autre phrase assez longue"})
    assert changed.status_code == 302 and client.get("/compte").status_code == 302
    assert sign_in_with(client, person.email, PASSWORD).status_code == 401
    assert sign_in_with(client, person.email, "une autre phrase assez longue").status_code == 302


def test_a_new_token_is_shown_once(client, person):
    sign_in_with(client, person.email, PASSWORD)
    made = client.post("/compte/jetons", data={"name": "export", "scopes": ["read"], "days": "30"})
    secret = re.search(r"grp_[\w-]{20,}", made.text)
    assert made.status_code == 200 and secret
    assert secret.group() not in client.get("/compte/jetons").text


def test_an_administrator_manages_people_on_the_page(sign_in):
    clinic = make.OrganisationFactory(name="Clinique fictive")
    browser = sign_in(make.user_in(clinic, roles=("admin",)))
    path = f"/organisations/{clinic.id}"
    added = browser.post(path, data={"email": "n@exemple.test", "full_name": "Nina Fictive", "roles": ["buyer"]})
    assert added.status_code == 302
    page = browser.get(path).text
    assert "Nina Fictive" in page and "Acheteur" in page
    refused = browser.post(path, data={"email": "pas une adresse", "full_name": "", "roles": []})
    assert refused.status_code == 422 and "Cette adresse est incomplète" in refused.text


def test_the_answer_to_a_forgotten_password_says_nothing_about_who_exists(client, person):
    known = client.post("/mot-de-passe/oublie", data={"email": person.email})
    unknown = client.post("/mot-de-passe/oublie", data={"email": "nobody@exemple.test"})
    assert known.status_code == unknown.status_code == 200 and known.text == unknown.text


def test_a_void_link_says_what_to_do(client, session):
    answer = client.get("/mot-de-passe/not-a-link")
    assert answer.status_code == 409 and "demandez-en un autre" in answer.text


def test_a_form_from_elsewhere_is_refused(real_app):
    assert real_app.config.get("WTF_CSRF_ENABLED", True)
    refused = real_app.test_client().post("/connexion", data={"email": "a@b.fr", "password": "x"})
    assert refused.status_code == 400


def test_pages_carry_safe_headers(client, session):
    headers = client.get("/connexion").headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff" and "no-store" in headers["Cache-Control"]


def test_unknown_addresses_are_a_page_for_people_and_a_problem_for_programs(client, session):
    assert "text/html" in client.get("/nulle-part").content_type
    problem = client.get("/api/v1/nowhere")
    assert (problem.status_code, problem.json["code"]) == (404, "not_found")
    wrong = client.patch("/api/v1/me")
    assert wrong.status_code == 405 and "GET" in wrong.headers["Allow"]
