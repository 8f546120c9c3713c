"""The OpenAPI document is served, names every JSON route, and what it promises is what callers get."""
import re

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from marketplace.platform.api import API_PREFIX
from tests.factories import accounts as make

CHECKS = [not_a_server_error, content_type_conformance, response_schema_conformance, status_code_conformance]


@pytest.fixture
def document(app):
    with app.test_client() as browser:
        return browser.get(f"{API_PREFIX}/openapi.json").json


@pytest.fixture
def callers(session):
    users = [make.user_in(kind=kind) for kind in ("care_operator", "purchasing_centre", "provider")]
    return [{"Authorization": f"Bearer {make.token_for(user)}"} for user in (*users, make.operator())]


def check_operation(operation, callers):
    """Send what the document allows, as each kind of caller, and compare the answers with what it promises."""

    @given(case=operation.as_strategy())
    @settings(
        max_examples=8,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def answers_as_promised(case):
        for headers in callers:
            case.call_and_validate(headers=headers, checks=CHECKS)

    answers_as_promised()


def test_every_operation_answers_as_it_says(app, callers):
    document = schemathesis.openapi.from_wsgi(f"{API_PREFIX}/openapi.json", app)
    broken, checked = [], 0
    for found in document.get_all_operations():
        operation = found.ok()
        checked += 1
        try:
            check_operation(operation, callers)
        except (Exception, BaseExceptionGroup) as failure:
            broken.append(f"{operation.label}: {failure}")
    assert not broken, "\n\n".join(broken)
    assert checked > 20


def test_every_json_route_is_in_the_document(app, document):
    served = {
        re.sub(r"<(?:\w+(?:\([^)]*\))?:)?(\w+)>", r"{\1}", rule.rule)
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith(f"{API_PREFIX}/") and "openapi" not in rule.rule
    }
    assert served - set(document["paths"]) == set()


def test_the_document_speaks_of_bearer_tokens_and_problems(document):
    assert document["openapi"].startswith("3.1")
    assert document["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"
    assert "code" in str(document["components"]["schemas"]["ProblemOut"])


def test_the_documentation_page_needs_no_other_site(client, session):
    page = client.get("/api/docs")
    assert page.status_code == 200 and "http" not in page.text.replace("http-equiv", "").split("</head>")[0]
