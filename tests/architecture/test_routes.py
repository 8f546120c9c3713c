"""Every door is guarded or listed as public, by declaration and when somebody really knocks."""
import re

import pytest

from app import PUBLIC_ENDPOINTS
from marketplace.platform import permissions
from marketplace.platform.api import action_of

SAMPLES = {"uuid": "00000000-0000-7000-8000-000000000000", "int": "1", "integer": "1", "string": "x", "path": "x"}
NOT_KNOCKED = ("HEAD", "OPTIONS")


def guarded_rules(app):
    """Rules of the URL map that are not public."""
    return [rule for rule in app.url_map.iter_rules() if rule.endpoint not in PUBLIC_ENDPOINTS]


def test_every_route_declares_its_action_or_is_listed_public(app):
    silent = [rule.endpoint for rule in guarded_rules(app) if action_of(app, rule.endpoint) is None]
    assert not silent


def test_a_public_endpoint_declares_no_action_and_exists(app):
    assert set(app.view_functions) >= PUBLIC_ENDPOINTS
    assert not [name for name in PUBLIC_ENDPOINTS if action_of(app, name) is not None]


def test_every_declared_action_is_in_the_permission_table(app):
    known = set(permissions.table())
    unknown = {rule.endpoint: action_of(app, rule.endpoint) for rule in guarded_rules(app)}
    assert {name: action for name, action in unknown.items() if action not in known} == {}


def test_what_changes_something_needs_more_than_a_read_token(app):
    weak = [
        f"{method} {rule.rule}"
        for rule in guarded_rules(app)
        for method in rule.methods & {"POST", "PUT", "PATCH", "DELETE"}
        if permissions.scope_of(action_of(app, rule.endpoint)) == "read"
    ]
    assert not weak


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
def test_a_stranger_who_knocks_is_sent_to_sign_in(app, client, method):
    opened = []
    for rule in guarded_rules(app):
        if method not in rule.methods:
            continue
        url = rule.rule
        for name in rule.arguments:
            url = re.sub(rf"<(\w+(\(.*?\))?:)?{name}>", sample_for(rule._converters[name]), url)
        answer = client.open(url, method=method)
        wanted = 401 if url.startswith("/api/") else 302
        if answer.status_code != wanted or (wanted == 302 and "/connexion" not in answer.location):
            opened.append(f"{method} {rule.rule}: {answer.status_code}")
    assert not opened, "\n".join(opened)


def sample_for(converter: object) -> str:
    """A value that a URL converter accepts."""
    kind = type(converter).__name__.removesuffix("Converter").lower()
    return SAMPLES.get(kind, SAMPLES["string"])
