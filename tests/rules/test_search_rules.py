"""What the search keeps says the same as the rules it is made from: prices as lines, proofs as periods, words forgiven."""
from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.certifications.rules.coverage import Period, Requirement, coverage
from catalog.certifications.rules.states import HeldCertificate
from catalog.offers.rules import PriceGrid, amount_over_term, brackets_from, price_for, unit_price_for
from catalog.offers.search.rules.bits import LARGEST, column, column_size, period_around, set_bits, slices_of
from catalog.offers.search.rules.prices import lowest, price_lines
from catalog.offers.search.rules.proofs import ProofPeriod, activity_proof, held_on, proof_periods
from catalog.offers.search.rules.words import categories_named, distance, meant, tolerated, trigrams, words_of
from tests.rules.test_certificates import EXPERTCYBER, HDS, ISO, ISO_2013, ISO_2022

SCHEMES = {"iso27001": ISO, "hds": HDS, "expertcyber": EXPERTCYBER}
TODAY = date(2026, 11, 23)
CENTS = st.decimals(0, 10_000, places=4)
DAYS = st.dates(date(2024, 1, 1), date(2029, 12, 31))


@st.composite
def grids(draw: st.DrawFn) -> PriceGrid:
    starts = sorted({1, *draw(st.lists(st.integers(2, 10_000), max_size=5))})
    prices = [draw(CENTS) for _ in starts]
    pricing = draw(st.sampled_from(["all_units", "incremental"]))
    return PriceGrid(pricing, brackets_from(list(zip(starts, prices, strict=True))), draw(st.decimals(0, 99_999, places=2)))


@given(grids(), st.integers(1, 20_000))
def test_the_lines_price_every_quantity_as_the_grid_does(grid: PriceGrid, quantity: int) -> None:
    line = [line for line in price_lines(grid) if line.from_quantity <= quantity][-1]
    assert line.base_amount + quantity * line.unit_amount == price_for(grid, quantity)


@given(grids(), st.integers(1, 20_000), st.integers(1, 48))
def test_the_amount_over_the_term_spread_on_units_and_periods_is_the_unit_price(
    grid: PriceGrid, quantity: int, periods: int
) -> None:
    amount = amount_over_term(grid, quantity, periods=periods)
    spread = amount / (quantity * periods)
    assert abs(spread - unit_price_for(grid, quantity, periods=periods)) <= Decimal("0.0051")


@st.composite
def certificates(draw: st.DrawFn) -> HeldCertificate:
    scheme = draw(st.sampled_from(["iso27001", "hds", "hds", "expertcyber"]))
    begins = draw(DAYS)
    versions = {"iso27001": [ISO_2013, ISO_2022], "hds": list(HDS.versions.values())}.get(scheme, [None])
    happened = st.none() | st.none() | st.dates(date(2025, 1, 1), TODAY)
    return HeldCertificate(
        draw(st.sampled_from(["prime", "sub", "other"])), scheme, begins, begins + timedelta(draw(st.integers(1, 1100))),
        draw(st.sampled_from(versions)),
        frozenset(draw(st.sets(st.integers(1, 6), min_size=1))) if scheme == "hds" else frozenset(),
        verified_on=draw(st.just(date(2025, 1, 1)) | st.none()), suspended_on=draw(happened),
        withdrawn_on=draw(happened), rejected_on=draw(happened),
    )  # fmt: skip


@settings(max_examples=300)
@given(st.lists(certificates(), max_size=7), DAYS)
def test_a_proof_holds_on_a_day_exactly_when_the_certificate_rule_says_so(
    held: list[HeldCertificate], day: date
) -> None:
    periods = proof_periods("prime", held, SCHEMES, TODAY)
    proofs = held_on(periods, day)
    own = [each for each in held if each.holder == "prime"]
    that_day = Period(day, day)
    for scheme in SCHEMES:
        answer = coverage(Requirement(scheme), own, that_day, SCHEMES, day)
        asked = coverage(Requirement(scheme), own, that_day, SCHEMES, TODAY) if day < TODAY else answer
        assert (scheme in proofs) == asked.is_covered, (scheme, day)
    for number in HDS.activities:
        covered = coverage(Requirement("hds", frozenset({number})), held, that_day, SCHEMES, TODAY)
        assert (activity_proof(number) in proofs) == covered.is_covered, (number, day)
        if covered.until and day >= TODAY:
            assert proofs[activity_proof(number)] == covered.until


def test_a_provider_that_proves_nothing_has_no_period() -> None:
    assert proof_periods("prime", [], SCHEMES, TODAY) == []
    assert held_on([], TODAY) == {}


def test_what_is_held_says_until_when_through_a_change_of_the_rest() -> None:
    both, one, none = frozenset({"iso27001", "hds"}), frozenset({"iso27001"}), frozenset[str]()
    periods = [ProofPeriod(date(2026, 1, 1), both), ProofPeriod(date(2027, 1, 1), one), ProofPeriod(date(2028, 1, 1), none)]
    assert held_on(periods, TODAY) == {"hds": date(2026, 12, 31), "iso27001": date(2027, 12, 31)}
    assert held_on(periods, date(2025, 12, 31)) == {}


@given(st.text("abcde", max_size=7), st.text("abcde", max_size=7))
def test_the_distance_between_words_is_symmetric_and_zero_only_for_the_same_word(first: str, second: str) -> None:
    assert distance(first, second) == distance(second, first)
    assert (distance(first, second) == 0) == (first == second)
    assert distance(first, second) <= max(len(first), len(second))


def test_a_slip_is_forgiven_and_another_word_is_not() -> None:
    known = ["sauvegarde", "sauvegardes", "hebergement", "detection", "reponse", "sauvage"]
    assert meant("sauvgarde", known) == ["sauvegarde"]
    assert meant("sauvegrade", known) == ["sauvegarde"]  # two neighbours swapped
    assert meant("detecion", known) == ["detection"]
    assert meant("hebregemant", known) == ["hebergement"]
    assert meant("facture", known) == []
    assert meant("soc", ["sic", "soc2"]) == []
    assert [tolerated(word) for word in ("edr", "soin", "sauvegarde")] == [0, 1, 2]


def test_pieces_of_a_word_mark_its_ends() -> None:
    assert trigrams("soc") == {"^so", "soc", "oc$"}


def test_words_that_say_nothing_are_left_out_of_a_question() -> None:
    assert words_of("l hebergement de donnees et la sauvegarde de donnees") == ["hebergement", "donnees", "sauvegarde"]


def test_a_category_is_named_by_a_word_of_its_names_singular_or_plural() -> None:
    names = {"backup": {"sauvegardes", "immuables"}, "hds_hosting": {"hebergement", "hds"}}
    assert categories_named("sauvegarde", names) == ["backup"]
    assert categories_named("hds", names) == ["hds_hosting"]
    assert categories_named("audit", names) == []


def test_nothing_is_best_alone() -> None:
    assert lowest([Decimal(3), None, Decimal(2)]) == Decimal(2)
    assert lowest([Decimal(3), None]) is None


@given(st.sets(st.integers(0, 300), max_size=60))
def test_a_column_of_bits_says_exactly_which_numbers_are_in_it(numbers: set[int]) -> None:
    size = column_size(numbers)
    written = column(numbers, size)
    assert set_bits(written) == numbers
    assert (size % 8, len(written)) == (0, 1 + size // 4)


@given(st.one_of(st.none(), st.integers(0, 10**13)))
def test_a_quantity_is_the_sum_of_its_digits_and_none_is_beyond_all_that_is_asked(quantity: int | None) -> None:
    value = sum(1 << place for place in slices_of(quantity))
    assert value == (LARGEST if quantity is None else min(quantity, LARGEST))
    assert value >= 10**9 or value == quantity


@given(st.lists(st.dates(), max_size=6, unique=True), st.dates())
def test_what_is_proved_on_a_day_holds_between_the_two_changes_around_it(starts: list[date], day: date) -> None:
    since, until = period_around(sorted(starts), day)
    assert (since is None or since <= day) and (until is None or day < until)
    between = [start for start in starts if (since is None or start > since) and (until is None or start < until)]
    assert between == []
