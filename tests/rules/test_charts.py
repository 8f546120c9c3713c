"""The geometry of charts: nothing overlaps, nothing leaves the frame, nothing that exists is invisible."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.platform.charts import (
    GAP,
    NARROW,
    REGION_TILES,
    SMALLEST,
    WIDE,
    MeterFigures,
    extent,
    mini_meter,
    scale_end,
    shorten,
    threshold_meter,
    tile_map,
)


def texts(figures: MeterFigures) -> dict[str, str]:
    return {
        "minimum": f"minimum {figures.minimum}",
        "maximum": f"maximum {figures.maximum}",
        "engaged": f"{figures.engaged} engagés",
        "missing": f"manque {figures.missing}",
        "zero": "0",
    }


def lay_out(figures: MeterFigures, width: float = WIDE):
    return threshold_meter(figures, texts(figures), width)


quantities = st.integers(0, 9_999_999)
any_figures = st.builds(
    MeterFigures,
    firm=quantities,
    conditional=quantities,
    awaiting_signature=quantities,
    indicative=quantities,
    minimum=st.none() | quantities,
    maximum=st.none() | quantities,
)


@given(any_figures, st.sampled_from([NARROW, WIDE]))
def test_labels_never_touch_each_other_nor_leave_the_chart(figures, width):
    meter = lay_out(figures, width)
    for label in meter.labels:
        left, right = extent(label, width)
        assert left >= -0.01 and right <= width + 0.01, label
        assert 10 <= label.y <= meter.height
    for one in meter.labels:
        for other in meter.labels:
            if one is not other and one.y == other.y:
                (a, b), (c, d) = extent(one, width), extent(other, width)
                assert b + GAP <= c + 0.01 or d + GAP <= a + 0.01, (one, other)


@given(any_figures)
def test_every_piece_stays_inside_the_bar_and_is_visible(figures):
    meter = lay_out(figures)
    drawn = {piece.kind: piece for piece in meter.segments}
    for kind in ("firm", "conditional", "awaiting_signature", "indicative"):
        assert (kind in drawn) == bool(getattr(figures, kind))
    for piece in meter.segments:
        assert piece.x >= 0 and piece.x + piece.width <= 100.001
        assert piece.width >= SMALLEST
    assert all(0 <= tick.x <= 100.001 for tick in meter.ticks)


@given(any_figures)
def test_the_bracket_runs_from_what_is_engaged_to_the_minimum_exactly_when_units_lack(figures):
    meter = lay_out(figures)
    assert (meter.missing is not None) == bool(figures.missing)
    if meter.missing:
        end = scale_end(figures)
        assert meter.missing == (100 * figures.engaged / end, 100 * figures.minimum / end)


def test_the_mock_lot_reads_as_drawn():
    figures = MeterFigures(3460, 900, 310, 1150, minimum=5000, maximum=8000, amount_per_unit=Decimal("147.60"))
    meter = lay_out(figures)
    assert figures.missing == 640 and not figures.is_met
    assert [(tick.kind, tick.x) for tick in meter.ticks] == [("minimum", 62.5), ("maximum", 100)]
    assert next(piece for piece in meter.segments if piece.kind == "firm").width == 43.25
    assert figures.amount(640) == Decimal("94464.00")


def test_no_minimum_means_no_tick_no_bracket_and_nothing_missing():
    figures = MeterFigures(300, maximum=1000)
    meter = lay_out(figures)
    assert [tick.kind for tick in meter.ticks] == ["maximum"]
    assert meter.missing is None and figures.missing == 0 and not figures.is_met


def test_without_a_maximum_the_scale_leaves_room_and_shows_no_bound_that_does_not_exist():
    figures = MeterFigures(1200, minimum=1000)
    assert scale_end(figures) == pytest.approx(1296)
    assert [tick.kind for tick in lay_out(figures).ticks] == ["minimum"]
    assert figures.room is None and figures.is_met


def test_a_maximum_of_zero_is_a_bound_that_lets_nothing_in():
    figures = MeterFigures(0, maximum=0)
    meter = lay_out(figures)
    assert [(tick.kind, tick.x) for tick in meter.ticks] == [("maximum", 0)]
    assert figures.room == 0


def test_the_demand_rules_may_say_how_much_lacks():
    assert MeterFigures(100, minimum=100, lacking=4).missing == 4
    assert MeterFigures(100, minimum=120, lacking=0).is_met


def test_amounts_are_unknown_without_a_reference_price():
    assert MeterFigures(100).amount(100) is None
    assert MeterFigures(1, amount_per_unit=Decimal("0.125")).amount(1) == Decimal("0.13")


@given(any_figures)
def test_the_mini_meter_stays_inside_its_bar(figures):
    mini = mini_meter(figures)
    assert 0 <= mini.engaged <= 100 and (mini.engaged > 0) == bool(figures.engaged)
    assert mini.minimum is None or 0 <= mini.minimum <= 100.001


def test_every_region_has_one_tile_and_no_two_share_a_place():
    assert len(REGION_TILES) == 18
    assert len({(column, row) for _, column, row in REGION_TILES.values()}) == 18
    assert len({name for name, _, _ in REGION_TILES.values()}) == 18


@given(st.dictionaries(st.sampled_from([*REGION_TILES, "99"]), st.none() | quantities))
def test_tiles_get_darker_with_the_quantity_and_hide_what_is_masked(values):
    tiles = tile_map(values)
    assert {tile.region for tile in tiles} == set(REGION_TILES)
    known = sorted((tile for tile in tiles if tile.value is not None), key=lambda tile: tile.value)
    assert [tile.shade for tile in known] == sorted(tile.shade for tile in known)
    assert all((tile.shade == 0) == (not tile.value) and tile.shade <= 5 for tile in tiles)
    assert all(tile.short_value is None for tile in tiles if tile.value is None)


@pytest.mark.parametrize(
    ("value", "short"),
    [
        (0, ("0", "")),
        (99_999, ("99999", "")),
        (123_456, ("123", "k")),
        (1_234_567, ("1.2", "M")),
        (98_700_000, ("99", "M")),
    ],
)
def test_figures_are_shortened_to_fit_a_tile(value, short):
    number, suffix = shorten(value)
    assert (str(number), suffix) == short
