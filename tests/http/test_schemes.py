"""Schemes are data: added, versioned and moved by the operator, and certificates follow at once."""
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from catalog.certifications.rules.schemes import check_scheme, check_window
from marketplace.platform import clock
from marketplace.platform.audit.models import AuditEvent
from marketplace.platform.errors import RuleBroken
from tests.factories import accounts
from tests.factories import catalog as make

NEW = {"name_fr": "ISO/IEC 27701", "name_en": "ISO/IEC 27701", "maximum_months": 36, "prerequisite": "iso27001"}


@pytest.fixture
def operator(session: Session, api: Callable) -> Any:
    return api(accounts.operator())


def scheme_of(answer: Any, code: str) -> Any:
    return next(one for one in answer.json["items"] if one["code"] == code)


def test_a_scheme_is_added_and_certificates_of_it_are_declared_at_once(operator: Any, api: Callable) -> None:
    path = "/api/v1/certificate-schemes/iso27701"
    assert operator.put(path, json=NEW).status_code == 200
    assert operator.put(f"{path}/versions/2025", json={"usable_from": "2025-10-01"}).status_code == 200
    made = operator.put(f"{path}/activities/1", json={"name_fr": "responsable", "name_en": "controller"})
    scheme = scheme_of(made, "iso27701")
    assert (scheme["prerequisite"], [v["code"] for v in scheme["versions"]], len(scheme["activities"])) == (
        "iso27001", ["2025"], 1,
    )  # fmt: skip
    provider = make.ProviderFactory()
    written = {
        "scheme": "iso27701", "version": "2025", "number": "P-1", "body": "Organisme fictif", "activities": [1],
        "valid_from": "2026-01-01", "valid_until": "2028-12-31",
    }  # fmt: skip
    vendor = api(make.person_of(provider))
    assert vendor.post(f"/api/v1/providers/{provider.id}/certificates", json=written).status_code == 201
    early = {**written, "valid_from": "2025-09-30", "valid_until": "2027-01-01"}
    refused = vendor.post(f"/api/v1/providers/{provider.id}/certificates", json=early)
    assert refused.json["code"] == "certificate_before_its_version"


def test_moving_a_window_changes_the_state_of_certificates_on_its_boundary_days(operator: Any, api: Callable) -> None:
    provider = make.ProviderFactory()
    make.hds_certificates(provider.id, activities=[1])
    today = clock.today()

    def state(void_after: date) -> str:
        body = {"usable_from": "2024-11-17", "void_after": str(void_after), "hosting_in_eea": True}
        assert operator.put("/api/v1/certificate-schemes/hds/versions/v2", json=body).status_code == 200
        listed = operator.get(f"/api/v1/providers/{provider.id}/certificates").json["items"]
        return next(one["state"] for one in listed if one["scheme"] == "hds")

    assert [state(today - timedelta(days=1)), state(today), state(today + timedelta(days=1))] == [
        "expired", "verified", "verified",
    ]  # fmt: skip


def test_every_change_is_audited_with_what_it_was(operator: Any, session: Session) -> None:
    operator.put("/api/v1/certificate-schemes/hds/versions/v1", json={"void_after": "2026-11-16"})
    event = session.scalars(select(AuditEvent).where(AuditEvent.action == "certificate_version.written")).one()
    assert (event.before["void_after"], event.after["void_after"]) == ("2026-05-16", "2026-11-16")


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (lambda: check_scheme("ISO 27701", None, {}), "scheme_code_unusable"),
        (lambda: check_scheme("a1", "b1", {}), "scheme_prerequisite_unknown"),
        (lambda: check_scheme("a1", "b1", {"b1": "a1"}), "scheme_prerequisite_circular"),
        (lambda: check_scheme("a1", "a1", {"a1": None}), "scheme_prerequisite_circular"),
        (lambda: check_window(" ", None, None), "scheme_version_unnamed"),
        (lambda: check_window("v3", date(2027, 1, 1), date(2027, 1, 1)), "scheme_window_backwards"),
    ],
)
def test_what_a_scheme_may_not_be(call: Callable[[], None], code: str) -> None:
    with pytest.raises(RuleBroken) as refused:
        call()
    assert refused.value.code == code


def test_the_pages_are_the_operator_s_and_say_what_is_wrong(sign_in: Callable, session: Session) -> None:
    provider = make.ProviderFactory()
    make.hds_certificates(provider.id)
    browser, home = sign_in(accounts.operator()), "/referentiels/certificats"
    assert "Espace économique européen seulement" in browser.get(home).text
    assert browser.get(f"{home}/nouveau").status_code == 200
    added = {"code": "label_test", "name_fr": "Label", "name_en": "Label", "maximum_months": "24", "prerequisite": ""}
    refused = browser.post(f"{home}/nouveau", data={**added, "code": "Label Test"})
    assert (refused.status_code, "Un code s&#39;écrit en minuscules" in refused.text) == (422, True)
    assert browser.post(f"{home}/nouveau", data=added).status_code == 302
    assert 'value="2024-11-17"' in browser.get(f"{home}/hds/version?version=v2").text
    backwards = {"version": "v3", "usable_from": "2028-01-01", "void_after": "2027-01-01"}
    assert browser.post(f"{home}/hds/version", data=backwards).status_code == 422
    assert browser.post(f"{home}/hds/version", data={**backwards, "void_after": ""}).status_code == 302
    assert browser.post(f"{home}/label_test/activite", data={"number": "1", "name_fr": "a", "name_en": "b"}).status_code == 302
    assert "label_test" in browser.get(home).text
    assert browser.get(f"{home}/nothing/version").status_code == 404
    for stranger in (accounts.user_in(), make.person_of(provider)):
        assert sign_in(stranger).get(home).status_code == 403
        assert sign_in(stranger).post(f"{home}/hds/version", data=backwards).status_code == 403
    level = {"rank": "1", "name_fr": "de base", "name_en": "basic"}
    assert browser.post(f"{home}/label_test/niveau", data={**level, "rank": "0"}).status_code == 422
    assert browser.post(f"{home}/label_test/niveau", data=level).status_code == 302
    assert "de base" in browser.get(home).text
    assert "substantiel ; élevé" in browser.get(home).text


def test_a_level_is_added_as_data_declared_and_shown(api: Callable, sign_in: Callable, session: Session) -> None:
    provider = make.ProviderFactory()
    vendor, operator = make.person_of(provider), api(accounts.operator())
    declared = {
        "scheme": "pris", "number": "P-1", "body": "Organisme fictif", "level": 2, "valid_from": "2026-01-01",
        "valid_until": "2028-12-31",
    }  # fmt: skip
    path = f"/api/v1/providers/{provider.id}/certificates"
    assert api(vendor).post(path, json=declared).json["code"] == "certificate_level_unknown"
    assert api(vendor).get(path).json["items"] == []
    names = {1: {"name_fr": "substantiel", "name_en": "substantial"}, 2: {"name_fr": "élevé", "name_en": "high"}}
    for rank, said in names.items():
        assert operator.put(f"/api/v1/certificate-schemes/pris/levels/{rank}", json=said).status_code == 200
    assert api(vendor).put("/api/v1/certificate-schemes/pris/levels/3", json=names[1]).status_code == 403
    assert operator.put("/api/v1/certificate-schemes/nothing/levels/1", json=names[1]).status_code == 404
    known = {one["code"]: one for one in operator.get("/api/v1/certificate-schemes").json["items"]}
    assert known["pris"]["levels"] == [{"rank": 1, "name": "substantiel"}, {"rank": 2, "name": "élevé"}]
    assert api(vendor).post(path, json=declared).json["level"] == 2
    browser, form = sign_in(vendor), f"/prestataires/{provider.id}/certificats/nouveau"
    assert "PRIS · élevé" in browser.get(form).text
    body = {**declared, "scheme": "pris:", "level": "pris:1", "number": "P-2", "activities": []}
    assert browser.post(form, data=body).status_code == 302
    assert [one["level"] for one in api(vendor).get(path).json["items"]] == [2, 1]
    page = browser.get("/certificats").text
    assert ("niveau élevé" in page, "niveau substantiel" in page) == (True, True)
