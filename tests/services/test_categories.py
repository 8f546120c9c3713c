"""The vocabulary shipped by the migration: complete, classified by real CPV codes, editable by the operator."""
import csv

import pytest

from marketplace.categories import queries, services
from marketplace.categories.units import UNITS, unit_word
from marketplace.platform.errors import BadInput, NotAllowed, NotFound, StaleVersion
from tests.factories import accounts as make
from tests.factories.categories import PriorityDomainFactory, ServiceCategoryFactory

SHIPPED = {
    "edr": ("endpoint", "month"),
    "soc": ("endpoint", "month"),
    "passi_audit": ("day", "once"),
    "ad_hardening": ("domain", "once"),
    "exposure_audit": ("exercise", "once"),
    "backup": ("tb", "month"),
    "hds_hosting": ("vm", "month"),
    "mfa": ("user", "month"),
    "crisis_exercise": ("exercise", "once"),
    "awareness": ("user", "year"),
    "incident_response": ("retainer", "year"),
    "pcra": ("plan", "once"),
    "remote_access": ("user", "month"),
    "shared_ciso": ("day", "once"),
    "support_maintenance": ("endpoint", "month"),
}


def test_the_fifteen_categories_of_the_contract_are_shipped_with_their_units(session):
    shipped = {c.code: (c.unit, c.price_period) for c in queries.list_categories(session)}
    assert shipped == SHIPPED


def test_every_category_has_a_name_in_both_languages_and_one_of_the_five_domains(session):
    domains = {domain.code for domain in queries.list_domains(session)}
    assert len(domains) == 5
    for category in queries.list_categories(session):
        assert category.domain_code in domains
        assert category.name_in("fr") and category.name_in("en")
        assert category.name_in("fr") != category.name_in("en")


def test_every_domain_has_a_category(session):
    for domain in queries.list_domains(session):
        assert queries.list_categories(session, domain=domain.code)


def test_every_cpv_code_is_in_the_official_list_with_its_check_digit(session, shared):
    with (shared / "data" / "cpv_codes_en.csv").open(encoding="utf-8") as lines:
        official = {row["code"] for row in csv.DictReader(lines, delimiter=";")}
    assert len(official) == 9454
    assert [c.code for c in queries.list_categories(session) if c.cpv not in official] == []


def test_unit_words_follow_the_plural_of_each_language():
    assert [unit_word("endpoint", n) for n in (0, 1, 2)] == ["poste", "poste", "postes"]
    assert [unit_word("endpoint", n, "en") for n in (0, 1, 2)] == ["endpoints", "endpoint", "endpoints"]
    assert [unit_word("tb", n) for n in (1, 2)] == ["To", "To"]
    assert all(unit_word(code, 2, locale) for code in UNITS for locale in ("fr", "en"))


def test_operator_revises_a_category(session, actor_for):
    ServiceCategoryFactory(code="probe")
    PriorityDomainFactory(code="elsewhere")
    revised = services.revise_category(
        actor_for(make.operator()), "probe", name_fr="Sonde", cpv="48730000-4", domain_code="elsewhere"
    )
    assert (revised.name_fr, revised.cpv, revised.domain_code, revised.version) == (
        "Sonde", "48730000-4", "elsewhere", 2,
    )  # fmt: skip
    assert revised.unit == "endpoint"


@pytest.mark.parametrize(
    ("changes", "field"), [({"cpv": "48730000"}, "cpv"), ({"domain_code": "nowhere"}, "domain")]
)
def test_revision_names_the_field_it_cannot_accept(session, actor_for, changes, field):
    with pytest.raises(BadInput) as refused:
        services.revise_category(actor_for(make.operator()), "edr", **changes)
    assert list(refused.value.errors) == [field]


def test_only_the_operator_revises(session, actor_for):
    with pytest.raises(NotAllowed):
        services.revise_category(actor_for(make.user_in()), "edr", name_fr="Autre")


def test_revision_of_an_older_version_is_stale(session, actor_for):
    operator = actor_for(make.operator())
    services.revise_category(operator, "edr", name_fr="Détection", expected_version=1)
    with pytest.raises(StaleVersion):
        services.revise_category(operator, "edr", name_fr="Autre", expected_version=1)


def test_unknown_category_is_not_found(session, actor_for):
    with pytest.raises(NotFound):
        services.revise_category(actor_for(make.operator()), "moon", name_fr="Lune")
