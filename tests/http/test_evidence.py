"""Evidence of certificates: sent with the declaration or later, read by those concerned, verified on it."""
from collections.abc import Callable
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from catalog.certifications.models import Certificate
from marketplace.accounts.models import Organisation
from marketplace.notifications.models import Notification
from marketplace.platform import clock, outbox
from marketplace.platform.files import StoredFile
from tests.factories import accounts
from tests.factories import catalog as make
from tests.factories.vehicles import VehicleFactory, open_lot
from tests.rules.test_files import JPEG, PDF


@pytest.fixture
def provider(session: Session, files_folder: Path) -> Any:
    return make.ProviderFactory()


@pytest.fixture
def certificate(provider: Any) -> Any:
    return make.CertificateFactory(provider_id=provider.id, verified_at=None)


@pytest.fixture
def vendor(provider: Any) -> Any:
    return make.person_of(provider)


def part(name: str = "certificat.pdf", content: bytes = PDF, *, field: str = "evidence", **fields: str) -> dict[str, Any]:
    """A multipart body, written out: the test client would spill a large one into a temporary file."""
    head = b"".join(
        f'--part\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'.encode()
        for key, value in fields.items()
    )
    file = f'--part\r\nContent-Disposition: form-data; name="{field}"; filename="{name}"\r\n\r\n'.encode()
    body = head + file + content + b"\r\n--part--\r\n"
    return {"data": body, "content_type": "multipart/form-data; boundary=part"}


def kept(session: Session) -> int:
    return session.scalars(select(func.count()).select_from(StoredFile)).one()


def test_evidence_is_sent_listed_and_given_back_as_an_attachment(api: Callable, certificate: Any, vendor: Any) -> None:
    path = f"/api/v1/certificates/{certificate.id}/evidence"
    sent = api(vendor).post(path, **part())
    assert sent.status_code == 201
    assert (sent.json["content_type"], sent.json["sha256"]) == ("application/pdf", sha256(PDF).hexdigest())
    listed = api(vendor).get(f"/api/v1/providers/{certificate.provider_id}/certificates").json["items"][0]
    assert [piece["name"] for piece in listed["evidence"]] == ["certificat.pdf"]
    read = api(accounts.operator()).get(f"{path}/{sent.json['id']}")
    assert (read.data, read.headers["X-Content-Type-Options"]) == (PDF, "nosniff")
    assert read.headers["Content-Disposition"].startswith("attachment")
    assert "sandbox" in read.headers["Content-Security-Policy"]


def test_a_foreign_evidence_address_is_not_found(api: Callable, certificate: Any, vendor: Any, session: Session) -> None:
    path = f"/api/v1/certificates/{certificate.id}/evidence"
    file_id = api(vendor).post(path, **part()).json["id"]
    rival_provider = make.ProviderFactory()
    rival, buyer = make.person_of(rival_provider), accounts.user_in()
    for stranger in (rival, buyer, accounts.user_in(kind="purchasing_centre")):
        assert api(stranger).get(f"{path}/{file_id}").status_code == 404
        listed = api(stranger).get(f"/api/v1/providers/{certificate.provider_id}/certificates").json["items"]
        assert [one["evidence"] for one in listed] == [[]]
    own = make.CertificateFactory(provider_id=rival_provider.id, verified_at=None)
    assert api(rival).get(f"/api/v1/certificates/{own.id}/evidence/{file_id}").status_code == 404
    assert api(rival).post(path, **part()).status_code == 403
    assert kept(session) == 1


def test_a_centre_with_an_open_lot_that_relies_on_it_reads_it(api: Callable, certificate: Any, vendor: Any) -> None:
    centre = accounts.OrganisationFactory(kind="purchasing_centre")
    buyer = accounts.user_in(centre)
    path = f"/api/v1/certificates/{certificate.id}/evidence"
    address = f"{path}/{api(vendor).post(path, **part()).json['id']}"
    make.published_offer(provider_id=certificate.provider_id)
    vehicle = VehicleFactory(organisation_id=centre.id, opened_at=clock.now())
    open_lot(vehicle_id=vehicle.id, requirements={"certificates": ["passi"]})
    assert api(buyer).get(address).status_code == 404
    # An HDS certificate is worth nothing without ISO/IEC 27001: who asks for HDS relies on the other too.
    open_lot(vehicle_id=vehicle.id, requirements={"hds_activities": [3]})
    assert api(buyer).get(address).status_code == 200


@pytest.mark.parametrize(
    ("name", "content", "status", "code"),
    [
        ("certificat.png", PDF, 409, "file_name_misleads"),
        ("certificat.pdf", b"MZ\x90", 409, "file_type_not_accepted"),
        ("certificat.pdf", PDF.ljust(11 * 1024 * 1024), 409, "file_too_large"),
        ("certificat.pdf", PDF.ljust(50 * 1024 * 1024), 413, "too_large"),
    ],
)
def test_what_may_not_be_kept_is_refused_and_nothing_is_stored(
    api: Callable, session: Session, certificate: Any, vendor: Any, files_folder: Path,
    name: str, content: bytes, status: int, code: str,
) -> None:  # fmt: skip
    answer = api(vendor).post(f"/api/v1/certificates/{certificate.id}/evidence", **part(name, content))
    assert (answer.status_code, answer.json["code"]) == (status, code)
    assert kept(session) == 0
    assert not [path for path in files_folder.rglob("*") if path.is_file()]


def test_evidence_comes_before_the_decision_and_five_pieces_at_most(api: Callable, certificate: Any, vendor: Any) -> None:
    path = f"/api/v1/certificates/{certificate.id}"
    for number in range(5):
        assert api(vendor).post(f"{path}/evidence", **part(f"{number}.pdf")).status_code == 201
    assert api(vendor).post(f"{path}/evidence", **part()).json["code"] == "evidence_too_many"
    operator = api(accounts.operator())
    assert operator.post(f"{path}/decisions", json={"decision": "verify"}).json["state"] == "verified"
    assert api(vendor).post(f"{path}/evidence", **part()).json["code"] == "evidence_after_decision"


def test_the_vendor_is_told_of_a_decision_and_its_reason(
    app: Any, api: Callable, session: Session, certificate: Any, vendor: Any
) -> None:
    path = f"/api/v1/certificates/{certificate.id}/decisions"
    api(accounts.operator()).post(path, json={"decision": "reject", "reason": "Le numéro ne figure pas au registre"})
    with app.app_context():
        outbox.dispatch_due()
    told = session.scalars(select(Notification).where(Notification.user_id == vendor.id)).one()
    assert told.template == "certificate_reject"
    page = api(vendor).get("/api/v1/notifications").json["items"][0]
    assert "Le numéro ne figure pas au registre. Il ne compte pas." in page["body"]


FORM = {"scheme": "iso27001:2022", "number": "FICTIF-9", "body": "Organisme fictif", "scope": ""}


def test_evidence_goes_with_the_declaration_on_the_page(
    sign_in: Callable, session: Session, provider: Any, vendor: Any
) -> None:
    browser, path = sign_in(vendor), f"/prestataires/{provider.id}/certificats/nouveau"
    today = clock.today()
    days = {"valid_from": str(today), "valid_until": str(today + timedelta(days=900))}
    refused = browser.post(path, **part("certificat.jpg", PDF, **FORM, **days))
    assert refused.status_code == 422
    assert "renommez-le comme tel" in refused.text
    assert session.scalars(select(Certificate)).all() == []
    assert browser.post(path, **part("certificat.jpg", JPEG, **FORM, **days)).status_code == 302
    made = session.scalars(select(Certificate)).one()
    stored = session.scalars(select(StoredFile)).one()
    assert session.get_one(Organisation, stored.owner_id).id == provider.organisation_id
    assert "certificat.jpg" in browser.get("/certificats").text
    assert browser.post(f"/certificats/{made.id}/preuves", **part("b.pdf")).status_code == 302
    address = f"/certificats/{made.id}/preuves/{stored.id}"
    assert browser.get(address).data == JPEG
    operator = sign_in(accounts.operator())
    assert "certificat.jpg" in operator.get("/a-verifier").text
    assert "b.pdf" in operator.get(f"/certificats/{made.id}/decision").text
    assert sign_in(make.person_of(make.ProviderFactory())).get(address).status_code == 404
    too_large = browser.post(path, **part("l.pdf", PDF.ljust(50 * 2**20), **FORM, **days))
    assert too_large.status_code == 413
    assert "réduisez le fichier" in too_large.text
