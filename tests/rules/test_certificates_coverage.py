"""Coverage: through the whole term, by a prime and its subcontractors, with every gap named."""
from dataclasses import replace
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from catalog.certifications.rules.coverage import Coverage, Period, Requirement, coverage
from catalog.certifications.rules.spans import Span, covered_until, joined
from catalog.certifications.rules.states import HeldCertificate
from marketplace.platform.i18n import sentence
from tests.rules.test_certificates import EXPERTCYBER, HDS, ISO, ISO_2013, ISO_2022

SCHEMES = {"iso27001": ISO, "hds": HDS, "expertcyber": EXPERTCYBER}
TODAY = date(2026, 11, 23)
TERM = Period(date(2027, 5, 1), date(2030, 4, 30))
V2 = HDS.versions["v2"]
VERIFIED = date(2026, 1, 10)


def iso(holder: str = "prime", **facts: object) -> HeldCertificate:
    base = HeldCertificate(holder, "iso27001", date(2026, 1, 1), date(2030, 12, 31), ISO_2022, verified_on=VERIFIED)
    return replace(base, **facts)


def hds(*activities: int, holder: str = "prime", until: date = date(2030, 12, 31), **facts: object) -> HeldCertificate:
    return HeldCertificate(
        holder, "hds", date(2026, 1, 1), until, V2, frozenset(activities), **{"verified_on": VERIFIED, **facts}
    )


def asked(*certificates: HeldCertificate, scheme: str = "iso27001", activities: tuple[int, ...] = ()) -> Coverage:
    return coverage(Requirement(scheme, frozenset(activities)), certificates, TERM, SCHEMES, TODAY)


def said(answer: Coverage) -> list[str]:
    return [sentence(gap) for gap in answer.missing]


def test_a_certificate_that_outlives_the_contract_covers_it() -> None:
    answer = asked(iso())
    assert answer.is_covered
    assert answer.until == date(2030, 12, 31)


def test_the_last_day_of_the_contract_is_enough_and_the_day_before_is_not() -> None:
    assert asked(iso(valid_until=TERM.ends_on)).is_covered
    assert not asked(iso(valid_until=TERM.ends_on - timedelta(days=1))).is_covered


def test_a_certificate_that_ends_during_the_contract_says_in_which_month() -> None:
    answer = asked(iso(valid_until=date(2027, 11, 30)))
    assert said(answer) == ["Le certificat ISO/IEC 27001 expire le 30 novembre 2027, au 7e mois d'un contrat de 36."]
    assert answer.until == date(2027, 11, 30)


def test_the_first_month_is_written_as_such() -> None:
    answer = asked(iso(valid_until=date(2027, 5, 20)))
    assert said(answer) == ["Le certificat ISO/IEC 27001 expire le 20 mai 2027, au 1er mois d'un contrat de 36."]


def test_a_verified_renewal_joins_the_certificate_it_renews() -> None:
    first = iso(valid_until=date(2028, 6, 30))
    renewal = iso(valid_from=date(2028, 7, 1), valid_until=date(2031, 6, 30))
    assert asked(first, renewal).is_covered
    late = replace(renewal, valid_from=date(2028, 7, 2))
    assert asked(first, late).until == date(2028, 6, 30)


def test_every_state_that_is_not_verified_is_named() -> None:
    cases = {
        "certificate_missing": [],
        "certificate_declared": [iso(verified_on=None)],
        "certificate_suspended": [iso(suspended_on=VERIFIED)],
        "certificate_withdrawn": [iso(withdrawn_on=VERIFIED)],
        "certificate_rejected": [iso(verified_on=None, rejected_on=VERIFIED)],
        "certificate_expired": [iso(valid_until=date(2026, 11, 22))],
        "certificate_starts_late": [iso(valid_from=date(2027, 6, 1))],
    }
    for code, certificates in cases.items():
        answer = asked(*certificates)
        assert [gap.code for gap in answer.missing] == [code]
        assert answer.until is None


def test_a_declared_renewal_is_said_rather_than_the_expired_certificate_it_renews() -> None:
    answer = asked(iso(valid_until=date(2026, 11, 1)), iso(verified_on=None))
    assert [gap.code for gap in answer.missing] == ["certificate_declared"]


def test_a_void_version_is_named_with_its_day() -> None:
    answer = asked(iso(version=ISO_2013, valid_from=date(2025, 1, 1), valid_until=date(2027, 12, 31)))
    assert said(answer) == [
        "Le certificat ISO/IEC 27001 suit la version 2013, qui ne vaut plus rien depuis le 31 octobre 2025."
    ]


def test_hds_is_worth_nothing_without_a_valid_iso_27001_of_the_same_holder() -> None:
    for others in ([], [iso("another")], [iso(verified_on=None)]):
        answer = asked(hds(1, 2), *others, scheme="hds")
        assert [gap.code for gap in answer.missing] == ["prerequisite_missing"]
    assert asked(hds(1, 2), iso(), scheme="hds").is_covered


def test_hds_ends_with_the_iso_27001_it_lies_in() -> None:
    answer = asked(hds(1), iso(valid_until=date(2028, 4, 30)), scheme="hds", activities=(1,))
    assert [gap.code for gap in answer.missing] == ["prerequisite_ends_during_term"]
    assert answer.until == date(2028, 4, 30)
    assert "au 12e mois d'un contrat de 36" in said(answer)[0]


def test_activities_may_be_covered_by_the_union_of_prime_and_subcontractors() -> None:
    prime, partner = [hds(1, 2, 3, 4), iso()], [hds(5, 6, holder="partner"), iso("partner")]
    assert asked(*prime, *partner, scheme="hds", activities=(1, 2, 3, 4, 5, 6)).is_covered
    alone = asked(*prime, scheme="hds", activities=(1, 2, 3, 4, 5))
    assert [gap.values["number"] for gap in alone.missing] == ["5"]
    assert said(alone) == [
        "L'activité HDS 5 (activité 5) n'est couverte ni par le prestataire ni par ses sous-traitants déclarés."
    ]


def test_a_subcontractor_without_iso_27001_covers_nothing() -> None:
    answer = asked(hds(1), iso(), hds(5, holder="partner"), scheme="hds", activities=(1, 5))
    assert [gap.code for gap in answer.missing] == ["prerequisite_missing"]
    assert said(answer)[0].startswith("Activité 5 : ")


def test_activities_missing_for_one_reason_are_said_together() -> None:
    answer = asked(hds(1, 2, until=date(2028, 1, 1)), iso(), scheme="hds", activities=(1, 2, 6))
    assert [gap.code for gap in answer.missing] == ["certificate_ends_during_term", "activity_not_covered"]
    assert said(answer)[0].startswith("Activités 1, 2 : Le certificat HDS expire le 1er janvier 2028")


def test_no_certificate_at_all_is_said_once_however_many_activities_are_asked() -> None:
    assert [gap.code for gap in asked(scheme="hds", activities=(1, 2, 3)).missing] == ["certificate_missing"]


def test_past_days_of_a_running_contract_are_not_asked_for() -> None:
    running = Period(date(2026, 1, 1), date(2028, 12, 31))
    answer = coverage(Requirement("iso27001"), [iso(valid_from=date(2026, 11, 1))], running, SCHEMES, TODAY)
    assert answer.is_covered


DAYS = st.dates(date(2026, 1, 1), date(2031, 1, 1))
SPANS = st.lists(st.builds(Span, DAYS, DAYS), max_size=6)


@given(SPANS, DAYS)
def test_joining_spans_neither_adds_nor_loses_a_day(spans: list[Span], day: date) -> None:
    def holds(listed: list[Span]) -> bool:
        return any(span.starts_on <= day <= span.ends_on for span in listed)

    assert holds(spans) == holds(joined(spans)) == (covered_until(spans, day) is not None)


@given(SPANS, DAYS)
def test_covered_until_is_the_day_before_the_first_hole(spans: list[Span], day: date) -> None:
    last = covered_until(spans, day)
    if last is not None:
        assert covered_until(spans, last) == last
        assert covered_until(spans, last + timedelta(days=1)) is None
