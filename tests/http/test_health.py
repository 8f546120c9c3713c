"""Health, metrics and request ids, as a proxy and a monitoring system see them."""
import dataclasses
import json
import re

import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text

from app import create_app
from marketplace.platform import audit, logs, outbox
from marketplace.platform.permissions import SYSTEM
from tests.conftest import test_settings

TOKEN = "a metrics token long enough to be accepted"


def test_the_process_answers_without_the_database(client):
    assert client.get("/healthz").json == {"status": "ok"}


def test_ready_when_the_database_is_at_the_newest_revision(client):
    answer = client.get("/readyz")
    assert answer.status_code == 200 and answer.json["status"] == "ready"


def test_not_ready_while_migrations_are_pending(client, session):
    session.execute(text("UPDATE alembic_version SET version_num = '0003'"))
    session.commit()
    answer = client.get("/readyz")
    assert answer.status_code == 503 and answer.json["code"] == "migrations_pending"
    assert "0003" in answer.json["title"] and "grappe migrate" in answer.json["title"]


def test_not_ready_without_a_database(server):
    lost = create_app(test_settings(server.url_of("nowhere"))).test_client()
    answer = lost.get("/readyz")
    assert answer.status_code == 503 and answer.json["code"] == "database_unreachable"
    assert lost.get("/healthz").status_code == 200
    assert "grappe_database_up 0.0" in lost.get("/metrics").text


def _metrics(client, **options):
    answer = client.get("/metrics", **options)
    assert answer.status_code == 200
    families = text_string_to_metric_families(answer.text)
    return {(s.name, *sorted(s.labels.items())): s.value for family in families for s in family.samples}


def test_metrics_say_what_waits(client, session):
    outbox.enqueue(session, "nobody", {})
    audit.record(session, SYSTEM, "x", "x", 1)
    session.commit()
    found = _metrics(client)
    assert found["grappe_outbox_rows", ("state", "waiting")] == 1
    assert found["grappe_audit_unsealed_rows",] == 1
    assert found["grappe_database_up",] == 1
    assert found["grappe_jobs", ("state", "failed")] == 0


def test_requests_are_counted_by_endpoint_and_status(client):
    key = ("grappe_requests_total", ("endpoint", "health.healthz"), ("method", "GET"), ("status", "200"))
    before = _metrics(client).get(key, 0)
    client.get("/healthz")
    assert _metrics(client)[key] == before + 1


def test_made_up_methods_and_addresses_make_no_series(client):
    client.open("/nowhere", method="BREW")
    client.open("/elsewhere", method="GRIND")
    found = [key for key in _metrics(client) if key[0] == "grappe_requests_total" and ("method", "other") in key]
    assert len(found) == 1


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-Ip", "Via"])
def test_metrics_are_for_this_machine_and_not_for_what_comes_through_a_proxy(client, header):
    assert client.get("/metrics", headers={header: "127.0.0.1"}).status_code == 404
    assert client.get("/metrics", environ_overrides={"REMOTE_ADDR": "192.0.2.1"}).status_code == 404
    assert client.get("/metrics", environ_overrides={"REMOTE_ADDR": ""}).status_code == 404


def test_metrics_open_to_whoever_has_the_token(app, client, monkeypatch):
    monkeypatch.setitem(app.config, "GRAPPE", dataclasses.replace(app.config["GRAPPE"], metrics_token=TOKEN))
    far = {"environ_overrides": {"REMOTE_ADDR": "192.0.2.1"}}
    assert client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"}, **far).status_code == 200
    assert client.get("/metrics", headers={"Authorization": "Bearer something else"}, **far).status_code == 404


def test_a_request_has_an_id_and_keeps_the_one_a_proxy_gave(client):
    assert re.fullmatch("[0-9a-f]{16}", client.get("/healthz").headers["X-Request-Id"])
    assert client.get("/healthz", headers={"X-Request-Id": "proxy-0001"}).headers["X-Request-Id"] == "proxy-0001"


@pytest.mark.parametrize("asked", ["short", "x" * 65, "with space 1", 'quote"}1234', "accentué-1"])
def test_an_id_that_could_forge_a_log_line_is_replaced(asked):
    assert re.fullmatch("[0-9a-f]{16}", logs.sane_request_id(asked))


def test_a_request_is_one_line_without_path_query_or_address(client, capfd):
    client.get("/mot-de-passe/secret-link?email=lea@exemple.test", headers={"X-Request-Id": "proxy-0001"})
    lines = [json.loads(line) for line in capfd.readouterr().err.splitlines() if line.startswith("{")]
    assert len(lines) == 1
    assert lines[0]["route"] == "/mot-de-passe/<token>" and lines[0]["request_id"] == "proxy-0001"
    assert lines[0]["method"] == "GET" and lines[0]["ms"] >= 0
    assert "secret-link" not in str(lines) and "lea@" not in str(lines) and "127.0.0.1" not in str(lines)


def test_too_many_tries_answer_429_with_retry_after(client):
    for _ in range(6):
        answer = client.post("/mot-de-passe/oublie", data={"email": "lea@exemple.test"})
    assert answer.status_code == 429
    assert 0 < int(answer.headers["Retry-After"]) <= 3600
