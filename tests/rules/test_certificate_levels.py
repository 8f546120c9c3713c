"""Levels: a requirement asks at least one; what is lower, unsaid or not long enough is named, on the boundary days too."""
from dataclasses import replace
from datetime import date, timedelta

import pytest

from catalog.certifications.rules.coverage import Coverage, Period, Requirement, coverage
from catalog.certifications.rules.declaration import Declared, check_declaration
from catalog.certifications.rules.reminding import is_renewed
from catalog.certifications.rules.states import HeldCertificate, Scheme
from marketplace.platform.errors import RuleBroken
from marketplace.platform.i18n import sentence

PASSI = Scheme(
    "passi", "PASSI (audit)", 36, {}, {1: "architecture", 2: "configuration"}, levels={1: "substantiel", 2: "élevé"}
)
SCHEMES = {"passi": PASSI}
TODAY = date(2026, 11, 23)
TERM = Period(date(2027, 1, 1), date(2027, 12, 31))


def passi(level: int | None, until: date = TERM.ends_on, **facts: object) -> HeldCertificate:
    base = HeldCertificate(
        "prime", "passi", date(2026, 1, 1), until, activities=frozenset({1, 2}), verified_on=date(2026, 2, 1), level=level
    )
    return replace(base, **facts)


def asked(level: int | None, *held: HeldCertificate, activities: tuple[int, ...] = ()) -> Coverage:
    return coverage(Requirement("passi", frozenset(activities), level), held, TERM, SCHEMES, TODAY)


def said(answer: Coverage) -> list[str]:
    return [sentence(gap) for gap in answer.missing]


@pytest.mark.parametrize("held", [None, 1, 2])
@pytest.mark.parametrize("level", [None, 1, 2])
def test_a_level_is_met_by_itself_and_by_every_higher_one(level: int | None, held: int | None) -> None:
    assert asked(level, passi(held)).is_covered == (level is None or (held or 0) >= level)


def test_a_level_too_low_or_unsaid_is_named_with_the_one_that_is_needed() -> None:
    assert said(asked(2, passi(1))) == [
        "Le certificat PASSI (audit) est de niveau « substantiel » : il faut au moins le niveau « élevé »."
    ]
    assert said(asked(1, passi(None))) == [
        "Le certificat PASSI (audit) ne dit pas son niveau : il faut au moins le niveau « substantiel »."
    ]
    assert said(asked(2, passi(1), activities=(1, 2))) == [
        "Activités 1, 2 : Le certificat PASSI (audit) est de niveau « substantiel » : il faut au moins le niveau « élevé »."
    ]
    assert said(asked(2)) == ["Aucun certificat PASSI (audit) déclaré."]


def test_a_high_level_that_ends_first_covers_until_its_last_day_whatever_the_lower_one_does() -> None:
    ends = date(2027, 7, 15)
    answer = asked(2, passi(2, ends), passi(1, date(2028, 6, 30)))
    assert (answer.until, said(answer)) == (
        ends, ["Le certificat PASSI (audit) expire le 15 juillet 2027, au 7e mois d'un contrat de 12."]
    )  # fmt: skip
    assert asked(1, passi(2, ends), passi(1, date(2028, 6, 30))).is_covered
    renewal = passi(2, date(2029, 7, 15), valid_from=ends + timedelta(days=1))
    assert asked(2, passi(2, ends), renewal).is_covered
    assert not asked(2, passi(2, ends), replace(renewal, valid_from=ends + timedelta(days=2))).is_covered


def test_a_high_level_that_is_not_verified_is_said_to_be_so() -> None:
    assert said(asked(2, passi(2, verified_on=None), passi(1))) == [
        "Le certificat PASSI (audit) est déclaré, mais pas encore vérifié par la plateforme."
    ]


def test_a_renewal_at_a_lower_level_renews_nothing() -> None:
    ending = passi(2, date(2027, 3, 31))
    assert is_renewed(ending, [passi(2, date(2028, 3, 31))], TODAY)
    assert not is_renewed(ending, [passi(1, date(2028, 3, 31))], TODAY)
    assert is_renewed(replace(ending, level=None), [passi(1, date(2028, 3, 31))], TODAY)


@pytest.mark.parametrize(("level", "is_accepted"), [(None, True), (1, True), (2, True), (0, False), (3, False)])
def test_only_a_level_of_the_scheme_can_be_declared(level: int | None, is_accepted: bool) -> None:
    declared = Declared(None, frozenset({1}), date(2026, 1, 1), date(2028, 12, 31), level=level)
    if is_accepted:
        assert check_declaration(PASSI, declared) is None
    else:
        with pytest.raises(RuleBroken) as refused:
            check_declaration(PASSI, declared)
        assert (refused.value.code, refused.value.details["levels"]) == ("certificate_level_unknown", "substantiel, élevé")
