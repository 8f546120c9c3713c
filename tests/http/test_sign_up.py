"""A vendor signs up by itself: nothing exists before the mailed link is confirmed, then the platform decides."""
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from catalog.providers import sign_up
from catalog.providers.models import Provider, SignUp
from marketplace.accounts.models import Organisation, User
from marketplace.platform import clock, outbox
from marketplace.platform.mail import list_letters
from tests.factories import accounts

ASKED = {
    "company": "Bastion Fictif", "siren": "732 829 320", "full_name": "Ada Fictive", "email": "Ada@bastion.example",
    "vat_number": "",
}  # fmt: skip


@pytest.fixture
def link(app: Any, client: Any, session: Session) -> Callable[..., str]:
    """Sign up and give the path in the mail that came."""

    def follow(**changes: str) -> str:
        assert client.post("/inscription", data={**ASKED, **changes}).headers["Location"] == "/inscription/envoyee"
        with app.app_context():
            outbox.dispatch_due()
        session.expire_all()
        letter = list_letters(session, recipient=changes.get("email", "ada@bastion.example"))[0]
        return next(word for word in letter.body.split() if "/inscription/" in word).removeprefix("http://localhost")

    return follow


def test_a_confirmed_vendor_chooses_a_password_and_waits_for_the_platform(
    client: Any, session: Session, link: Callable, sign_in: Callable
) -> None:
    path = link()
    assert client.get("/inscription/envoyee").status_code == 200
    page = client.get(path)
    assert "Bastion Fictif" in page.text
    assert session.scalars(select(Organisation).where(Organisation.siren == "732829320")).all() == []
    onward = client.post(path)
    assert onward.headers["Location"].startswith("/mot-de-passe/")
    person = session.scalars(select(User).where(User.email == "ada@bastion.example")).one()
    provider = session.scalars(select(Provider)).one()
    assert (provider.name, provider.verified_at) == ("Bastion Fictif", None)
    assert session.scalars(select(SignUp)).all() == []
    assert "Bastion Fictif" in sign_in(person).get(f"/prestataires/{provider.id}").text
    operator = sign_in(accounts.operator())
    assert "Bastion Fictif" in operator.get("/a-verifier").text
    decision = {"decision": "refuse", "reason": "SIREN radié"}
    assert operator.post(f"/prestataires/{provider.id}/decision", data=decision).status_code == 302


def test_the_vendor_is_mailed_the_reason_of_a_refusal_and_of_a_suspension(
    app: Any, client: Any, session: Session, link: Callable, sign_in: Callable
) -> None:
    client.post(link())
    provider = session.scalars(select(Provider)).one()
    operator, path = sign_in(accounts.operator()), f"/prestataires/{provider.id}"
    operator.post(f"{path}/decision", data={"decision": "refuse", "reason": "SIREN radié"})
    until = str(clock.today() + timedelta(days=5))
    operator.post(f"{path}/suspension", data={"until": until, "reason": "Enquête en cours."})
    with app.app_context():
        outbox.dispatch_due()
        outbox.dispatch_due()
    bodies = " ".join(letter.body for letter in list_letters(session, recipient="ada@bastion.example"))
    assert "est refusée : SIREN radié. Corrigez" in bodies
    assert "Enquête en cours. La suspension" in bodies


def test_a_link_serves_once_for_a_day_and_is_nobody_else_s_to_make(client: Any, link: Callable) -> None:
    path = link()
    assert client.get(path + "x").status_code == 409
    assert client.post(path).status_code == 302
    assert client.post(path).status_code == 409
    with pytest.raises(sign_up.RuleBroken) as refused, client.application.app_context():
        sign_up.read_link("invented")
    assert refused.value.code == "sign_up_link_void"


@pytest.mark.parametrize(
    ("changes", "said"),
    [({"siren": "732829321"}, "Ce SIREN est faux"), ({"vat_number": "FR00732829320"}, "numéro de TVA est faux"),
     ({"vat_number": "FR40303265045"}, "celui d&#39;un autre SIREN"),
     ({"email": "ada"}, "incomplète"), ({"company": ""}, "obligatoire")],
)  # fmt: skip
def test_what_is_wrong_is_said_and_nothing_is_kept(
    client: Any, session: Session, changes: dict[str, str], said: str
) -> None:
    answer = client.post("/inscription", data={**ASKED, **changes})
    assert (answer.status_code, said in answer.text) == (422, True)
    assert session.scalars(select(SignUp)).all() == []


def test_a_second_company_with_the_same_siren_is_sent_to_its_administrator(
    app: Any, client: Any, session: Session, link: Callable
) -> None:
    first, second = link(), link(email="bob@bastion.example")
    client.post(first)
    answer = client.post(second)
    assert answer.status_code == 409
    assert "demandez à son administrateur" in answer.text
    assert session.scalars(select(User).where(User.email == "bob@bastion.example")).all() == []
    with app.app_context(), pytest.raises(sign_up.Conflict) as refused:
        sign_up.confirm(second.rpartition("/")[2])
    assert refused.value.code == "provider_siren_taken"


def test_asking_again_and_again_is_slowed_down(client: Any, session: Session) -> None:
    answers = [client.post("/inscription", data=ASKED).status_code for _ in range(6)]
    assert answers[:5] == [302] * 5
    assert answers[5] in (422, 429)


def test_who_never_confirms_is_forgotten_after_a_week(app: Any, client: Any, session: Session) -> None:
    client.post("/inscription", data=ASKED)
    with app.app_context():
        assert sign_up.forget_sign_ups(clock.now() + timedelta(days=6)) == 0
        assert sign_up.forget_sign_ups(clock.now() + timedelta(days=8)) == 1
