"""Where the parts of a chart go: pure geometry, in per cent across and pixels down; templates only draw it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

LETTER = 7.6
"""Width of an average letter of 13.5 px text, in pixels, on the generous side."""
GAP = 10
ROW = 20
BAR = 30
BRACKET = 12
SMALLEST = 0.6
"""A quantity that is not zero is at least this wide (per cent): it must be seen."""
HEADROOM = 1.08
"""Without a maximum the scale ends a little beyond the last figure."""
WIDE, NARROW = 600, 250
"""Widths for which labels are placed: the narrowest desktop block and the narrowest phone (320 px less margins)."""


@dataclass(frozen=True)
class MeterFigures:
    """What a threshold meter shows, in the lot's unit; amounts follow from `amount_per_unit`.

    `minimum` and `maximum` are None when there is none (0 is a real bound). `missing` is what the lot still lacks as
    the demand rules count it; left out, it is the minimum less the commitments. `conditions_open`: it is reached only
    as long as conditions hold that do not hold yet. `minimum_per_grappe`: a minimum that is not the lot's but each
    grappe's; `lacking_in_grappes` adds up what they lack (None: not known). `amount_per_unit` is in euros, excluding
    VAT, over the whole term of the lot.
    """

    firm: int
    conditional: int = 0
    awaiting_signature: int = 0
    indicative: int = 0
    waitlisted: int = 0
    tolerance: int = 0
    minimum: int | None = None
    maximum: int | None = None
    lacking: int | None = None
    conditions_open: bool = False
    minimum_per_grappe: int | None = None
    lacking_in_grappes: int | None = None
    amount_per_unit: Decimal | None = None

    @property
    def engaged(self) -> int:
        """Firm and conditional needs: what counts towards the minimum."""
        return self.firm + self.conditional

    @property
    def missing(self) -> int:
        """Units still lacking to reach the minimum; 0 when reached or when there is none."""
        if self.lacking is not None:
            return self.lacking
        return max(0, (self.minimum or 0) - self.engaged)

    @property
    def is_met(self) -> bool:
        """Whether there is a minimum and it is reached."""
        return bool(self.minimum) and self.missing == 0 and not self.conditions_open

    @property
    def room(self) -> int | None:
        """Units that still fit under the maximum; None without one."""
        return None if self.maximum is None else max(0, self.maximum - self.engaged)

    def amount(self, quantity: int | None) -> Decimal | None:
        """Euros excluding VAT over the term for a quantity; None when no price is known."""
        if quantity is None or self.amount_per_unit is None:
            return None
        return (quantity * self.amount_per_unit).quantize(Decimal("0.01"), ROUND_HALF_UP)


@dataclass(frozen=True)
class Segment:
    """A piece of the bar: `x` and `width` in per cent."""

    kind: str
    x: float
    width: float


@dataclass(frozen=True)
class Label:
    """A text: `x` in per cent of the width, `y` (baseline) in pixels; `anchor` as in SVG."""

    kind: str
    text: str
    x: float
    anchor: str
    row: int = 0
    y: float = 0


@dataclass(frozen=True)
class Tick:
    """A bound across the bar, `x` in per cent; its line climbs to `top` (pixels) where its label is."""

    kind: str
    x: float
    top: float


@dataclass(frozen=True)
class Meter:
    """A threshold meter ready to draw."""

    segments: tuple[Segment, ...]
    ticks: tuple[Tick, ...]
    labels: tuple[Label, ...]
    missing: tuple[float, float] | None
    bar_top: float
    bar_height: float
    height: float


def scale_end(figures: MeterFigures) -> float:
    """The quantity at the right end: the largest figure shown, and some room when no maximum closes the scale."""
    shown = figures.engaged + figures.awaiting_signature + figures.indicative
    if figures.maximum is not None:
        return float(max(figures.maximum, figures.minimum or 0, shown, 1))
    return max(figures.minimum or 0, shown, 1) * HEADROOM


def _segments(figures: MeterFigures, end: float) -> tuple[Segment, ...]:
    """Pieces laid end to end; a later piece is drawn first so that a minimal width never hides an earlier one."""
    pieces, start = [], 0
    for kind in ("firm", "conditional", "awaiting_signature", "indicative"):
        quantity = getattr(figures, kind)
        if quantity:
            x = 100 * start / end
            width = min(max(100 * quantity / end, SMALLEST), 100.0)
            pieces.append(Segment(kind, min(x, 100 - width), width))
        start += quantity
    return tuple(reversed(pieces))


def extent(label: Label, width: float) -> tuple[float, float]:
    """Left and right edge of a label in pixels, when the chart is `width` pixels wide."""
    size, x = len(label.text) * LETTER, label.x * width / 100
    if label.anchor == "start":
        return x, x + size
    if label.anchor == "end":
        return x - size, x
    return x - size / 2, x + size / 2


def place_labels(wanted: Iterable[tuple[str, str, float]], width: float) -> tuple[Label, ...]:
    """Put (kind, text, x in per cent) where no two touch: the first asked sits nearest, others move a row away.

    A label that would leave the chart is held at its edge; row 0 is next to the bar.
    """
    placed: list[Label] = []
    for kind, text, x in wanted:
        label = Label(kind, text, x, "middle")
        left, right = extent(label, width)
        if left < 0:
            label = Label(kind, text, 0, "start")
        elif right > width:
            label = Label(kind, text, 100, "end")
        left, right = extent(label, width)
        taken = {
            other.row
            for other in placed
            if extent(other, width)[0] < right + GAP and left < extent(other, width)[1] + GAP
        }
        row = next(number for number in range(len(placed) + 1) if number not in taken)
        placed.append(Label(label.kind, label.text, label.x, label.anchor, row))
    return tuple(placed)


def _crosses(tick_x: float, row: int, labels: Sequence[Label], width: float) -> bool:
    x = tick_x * width / 100
    return any(other.row < row and extent(other, width)[0] <= x <= extent(other, width)[1] for other in labels)


def threshold_meter(figures: MeterFigures, texts: Mapping[str, str], width: float = WIDE) -> Meter:
    """Lay out a threshold meter for a chart of about `width` pixels.

    `texts`: the labels already in the reader's language, by kind: minimum, maximum, engaged, missing, zero.
    """
    end = scale_end(figures)
    bounds = [
        (kind, 100 * bound / end)
        for kind, bound in (("minimum", figures.minimum), ("maximum", figures.maximum))
        if bound is not None and (bound or kind == "maximum")
    ]
    above = place_labels([(kind, texts[kind], x) for kind, x in bounds], width)
    rows_above = max((label.row for label in above), default=-1) + 1
    bar_top = rows_above * ROW + 6

    engaged_x = min(100 * figures.engaged / end, 100.0)
    missing = None
    below_wanted = [("engaged", texts["engaged"], engaged_x)]
    if figures.missing and figures.minimum and engaged_x < 100 * figures.minimum / end:
        missing = (engaged_x, 100 * figures.minimum / end)
        below_wanted.append(("missing", texts["missing"], sum(missing) / 2))
    below = list(place_labels(below_wanted, width))
    zero = place_labels([*below_wanted, ("zero", texts["zero"], 0)], width)[-1]
    if zero.row == 0 and figures.engaged:
        below.append(zero)
    rows_below = max(label.row for label in below) + 1
    under = bar_top + BAR + (BRACKET if missing else 4)

    labels = [_at(label, bar_top - 8 - label.row * ROW) for label in above]
    labels += [_at(label, under + 14 + label.row * ROW) for label in below]
    tops = {label.kind: label.y + 4 for label in labels}
    ticks = tuple(
        Tick(kind, x, bar_top - 5 if _crosses(x, label.row, above, width) else tops[kind])
        for (kind, x), label in zip(bounds, above, strict=True)
    )
    return Meter(_segments(figures, end), ticks, tuple(labels), missing, bar_top, BAR, under + rows_below * ROW + 2)


def _at(label: Label, y: float) -> Label:
    return Label(label.kind, label.text, label.x, label.anchor, label.row, y)


@dataclass(frozen=True)
class MiniMeter:
    """One bar and one tick, in per cent, for a line of a table."""

    engaged: float
    minimum: float | None
    is_met: bool


def mini_meter(figures: MeterFigures) -> MiniMeter:
    """The commitments and the minimum of a lot, on the scale of its full meter but without what does not count."""
    end = scale_end(MeterFigures(figures.firm, figures.conditional, minimum=figures.minimum, maximum=figures.maximum))
    engaged = min(100 * figures.engaged / end, 100.0)
    return MiniMeter(
        max(engaged, SMALLEST * 2) if figures.engaged else 0.0,
        100 * figures.minimum / end if figures.minimum else None,
        figures.is_met,
    )


REGION_TILES: Mapping[str, tuple[str, int, int]] = {
    "32": ("HDF", 3, 0), "28": ("NOR", 2, 0), "11": ("IDF", 3, 1), "44": ("GES", 4, 0), "53": ("BRE", 1, 1),
    "52": ("PDL", 2, 1), "24": ("CVL", 3, 2), "27": ("BFC", 4, 1), "75": ("NAQ", 2, 2), "84": ("ARA", 4, 2),
    "76": ("OCC", 3, 3), "93": ("PAC", 4, 3), "94": ("COR", 5, 4), "01": ("GUA", 0, 0), "02": ("MTQ", 0, 1),
    "03": ("GUY", 0, 2), "04": ("REU", 0, 3), "06": ("MAY", 0, 4),
}  # fmt: skip
"""French regions by INSEE code: short name, column and row of the tile; overseas regions stand at the left."""
TILE_WIDTH, TILE_HEIGHT, TILE_STEP_X, TILE_STEP_Y = 58, 48, 62, 52


@dataclass(frozen=True)
class Tile:
    """A region: place in pixels, shade 0 (nothing) to 5 (the most), figure shortened to fit; None when masked."""

    region: str
    name: str
    x: int
    y: int
    shade: int
    value: int | None
    short_value: Decimal | None
    suffix: str


def shorten(value: int) -> tuple[Decimal, str]:
    """A figure short enough for a tile: 98 765, 123 k, 1.2 M; the table beside holds the exact one."""
    if value < 100_000:
        return Decimal(value), ""
    if value < 1_000_000:
        return Decimal(value // 1000), "k"
    millions = Decimal(value) / 1_000_000
    digits = Decimal("0.1") if value < 10_000_000 else Decimal(1)
    return millions.quantize(digits, ROUND_HALF_UP), "M"


def tile_map(values: Mapping[str, int | None]) -> tuple[Tile, ...]:
    """One tile per French region; `values`: INSEE code → quantity, None when masked; unknown codes are dropped."""
    highest = max((value for value in values.values() if value), default=0)
    tiles = []
    for region, (name, column, row) in REGION_TILES.items():
        value = values.get(region, 0)
        shade = min(5, 1 + 5 * value // (highest + 1)) if value else 0
        short, suffix = shorten(value) if value is not None else (None, "")
        x, y = column * TILE_STEP_X + 2, row * TILE_STEP_Y + 2
        tiles.append(Tile(region, name, x, y, shade, value, short, suffix))
    return tuple(tiles)
