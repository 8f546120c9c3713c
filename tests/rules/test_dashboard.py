"""What pages may show, in which order, and in which words."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from catalog.offers.rules import PriceGrid, brackets_from
from marketplace.platform.errors import N_, Sentence
from marketplace.platform.i18n import day, moment, sentence
from tenders.dashboard import rules, situation
from tenders.dashboard.price_steps import price_steps
from tenders.dashboard.situation import LotState

NOON = datetime(2027, 6, 3, 10, 0, tzinfo=UTC)
CLOSING = datetime(2027, 6, 12, 10, 0, tzinfo=UTC)


def lot(**changes) -> LotState:
    usual = {
        "status": "open", "unit": "postes", "engaged": 4360, "establishments": 31, "minimum_kind": "contractual",
        "minimum": 5000, "lacking": 640, "maximum": 8000, "closes_at": CLOSING, "policy": ("extend", "release"),
    }  # fmt: skip
    return LotState(**{**usual, **changes})


@pytest.mark.parametrize(
    ("total", "establishments", "largest", "shown"),
    [
        (900, 2, 450, None),
        (900, 3, 300, 900),
        (1000, 5, 801, None),
        (1000, 5, 800, 1000),
        (0, 0, 0, 0),
        (5, 1, 5, None),
    ],
)
def test_a_volume_is_masked_below_three_establishments_or_when_one_holds_over_four_fifths(
    total, establishments, largest, shown
):
    assert rules.shown_volume(total, establishments, largest) == shown


def test_at_most_five_things_to_do_the_most_urgent_first_and_undated_ones_last():
    def todo(code: str, days: int | None) -> rules.Todo:
        due = None if days is None else NOON + timedelta(days=days)
        return rules.Todo(Sentence(code, N_("x")), Sentence("o", N_("y")), "endpoint", due=due)

    shown = rules.first_todos([todo("none", None), *(todo(f"in {n}", n) for n in (9, 1, 4, 2, 7, 8))])
    assert [one.what.code for one in shown] == ["in 1", "in 2", "in 4", "in 7", "in 8"]
    assert [one.what.code for one in rules.first_todos([todo("none", None), todo("in 3", 3)])] == ["in 3", "none"]


@pytest.mark.parametrize(
    ("deadline", "words"),
    [
        (datetime(2027, 6, 3, 12, 5, tzinfo=UTC), "aujourd'hui, 14 h 05"),
        (datetime(2027, 6, 3, 22, 30, tzinfo=UTC), "demain"),
        (CLOSING, "dans 9 jours"),
        (NOON, "échéance passée"),
        (None, "sans échéance"),
    ],
)
def test_a_deadline_reads_in_days_on_the_wall_in_paris(deadline, words):
    assert rules.countdown(NOON, deadline).in_french() == words


def test_a_single_masked_volume_takes_the_smallest_other_with_it():
    row = {"84": rules.Volume(900, 3, 300), "11": rules.Volume(500, 4, 200), "93": rules.Volume(80, 1, 80)}
    assert rules.shown_row(row) == {"84": 900, "11": None, "93": None}
    assert rules.shown_row({"93": rules.Volume(80, 1, 80)}) == {"93": None}
    both = {"84": rules.Volume(900, 3, 300), "93": rules.Volume(80, 1, 80), "94": rules.Volume(70, 2, 40)}
    assert rules.shown_row(both) == {"84": 900, "93": None, "94": None}


def test_before_closing_the_page_says_what_lacks_then_what_follows():
    said = situation.fact(lot())
    assert said.in_french() == "Il manque 640 postes pour atteindre le minimum de 5000."
    assert [s.code for s in situation.consequences(lot())] == ["will_extend", "then_release"]
    assert situation.state_pill(lot())[1] == "short"


def test_in_the_second_round_nothing_is_extended_again():
    assert [s.code for s in situation.consequences(lot(round=2))] == ["will_release"]
    assert [s.code for s in situation.consequences(lot(round=2, policy=("extend",)))] == ["will_release"]
    assert [s.code for s in situation.consequences(lot(policy=("cancel",)))] == ["will_cancel"]


def test_a_minimum_reached_says_so_and_promises_nothing_else():
    met = lot(engaged=5120, lacking=0)
    assert situation.fact(met).code == "minimum_met"
    assert [s.code for s in situation.consequences(met)] == ["will_close"]
    assert situation.state_pill(met)[1] == "met"


def test_an_indicative_minimum_warns_without_threatening():
    assert [s.code for s in situation.consequences(lot(minimum_kind="indicative"))] == ["indicative"]


def test_a_minimum_per_grappe_counts_the_grappes_that_lack_something():
    assert situation.fact(lot(lacking=None, short_grappes=2, grappes=4)).code == "grappes_short"
    assert situation.fact(lot(lacking=None, short_grappes=0, grappes=4)).code == "grappes_met"
    alone = lot(lacking=None, short_grappes=0, grappes=4, alone_short=True)
    assert (situation.fact(alone).code, alone.is_short) == ("grappes_short", True)
    assert lot(lacking=None, engaged=0).is_short


def test_the_first_day_of_a_month_is_its_first():
    assert day(datetime(2027, 4, 1, 10, 0, tzinfo=UTC)) == "1er avril 2027"
    assert moment(datetime(2027, 3, 31, 22, 30, tzinfo=UTC)) == "1er avril 2027 à 0 h 30"
    assert day(CLOSING) == "12 juin 2027"


def test_one_unit_is_said_in_the_singular():
    one = situation.fact(lot(lacking=1, unit_code="exercise"))
    assert sentence(one) == "Il manque 1 exercice pour atteindre le minimum de 5\u202f000."


def test_a_minimum_ordered_in_packs_says_so():
    said = sentence(situation.fact(lot(lacking=10, minimum=30, order_multiple=4)))
    assert said == "Il manque 10 postes pour atteindre le minimum de 30, par packs de 4."


def test_a_minimum_that_hangs_on_conditions_is_not_said_to_be_reached():
    hanging = lot(lacking=0, engaged=5100, conditions_open=True)
    assert situation.fact(hanging).code == "minimum_met_on_conditions"
    assert [s.code for s in situation.consequences(hanging)] == ["will_extend", "then_release"]
    assert situation.state_pill(hanging)[0].code == "met_on_conditions"


def test_no_minimum_is_not_a_minimum_of_zero():
    free = lot(minimum_kind="none", minimum=None, lacking=0)
    assert situation.fact(free).code == "no_minimum"
    assert situation.state_pill(free)[0].code == "open"


@pytest.mark.parametrize(
    ("status", "outcome", "code", "tone"),
    [
        ("closed", "met", "closed_met", "met"),
        ("closed", "not_met", "closed_not_met", "stop"),
        ("cancelled", None, "lot_cancelled", "stop"),
    ],
)
def test_a_decided_lot_says_its_decision_and_nothing_about_the_future(status, outcome, code, tone):
    decided = lot(status=status, outcome=outcome, ordered=4870)
    assert situation.fact(decided).code == code
    assert situation.consequences(decided) == []
    assert situation.state_pill(decided)[1] == tone


GRID = PriceGrid(
    "all_units",
    brackets_from([(1, Decimal("6.00")), (2000, Decimal("4.60")), (5000, Decimal("4.10")), (6500, Decimal("3.85"))]),
)


def test_prices_are_read_today_at_the_minimum_and_where_a_further_bracket_begins():
    steps = price_steps(GRID, pooled=4360, minimum=5000, ceiling=8000, periods=36)
    assert [(step.quantity, step.unit_price) for step in steps] == [
        (4360, Decimal("4.6000")),
        (5000, Decimal("4.1000")),
        (6500, Decimal("3.8500")),
    ]
    assert [step.is_minimum for step in steps] == [False, True, False]


def test_no_price_is_promised_above_what_can_be_ordered():
    steps = price_steps(GRID, pooled=4360, minimum=5000, ceiling=6000, periods=36)
    assert [step.quantity for step in steps] == [4360, 5000]


def test_once_a_volume_is_ordered_there_is_one_price():
    steps = price_steps(GRID, pooled=5060, minimum=5000, ceiling=8000, periods=36, is_ordered=True)
    assert [(step.quantity, step.words.code) for step in steps] == [(5060, "ordered")]


def test_a_minimum_already_reached_is_not_shown_again():
    assert [step.quantity for step in price_steps(GRID, pooled=5200, minimum=5000, ceiling=None, periods=36)] == [
        5200,
        6500,
    ]
