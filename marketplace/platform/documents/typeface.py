"""The typeface of printed documents: Pillow's own Aileron (CC0), given the French letters it lacks.

PDF/A forbids fonts that are not in the file, and no locked package ships a whole text font. Pillow carries a subset of
Aileron Regular of 113 glyphs without accents: the accented letters are composed from its own letters and marks.
"""
from functools import cache
from io import BytesIO
from typing import Any

from fontTools.pens.boundsPen import BoundsPen
from fontTools.pens.recordingPen import RecordingPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont
from PIL import ImageFont

FAMILY = "Aileron"
DROPPED = ("FFTM", "GDEF", "GPOS", "GSUB", "gasp")
X_HEIGHT, CAP_HEIGHT = 530, 690
MARK_FOOT, MARK_HEAD = 580, 690
"""Where a mark sits above a small letter, in font units of 1/1000 em; capitals carry it `CAP_HEIGHT - X_HEIGHT` higher."""
STROKE = 56

ACCENTED = {
    "à": "a`", "â": "a^", "ä": "a¨", "ç": "c¸", "é": "e´", "è": "e`", "ê": "e^", "ë": "e¨", "î": "ı^", "ï": "ı¨",
    "ô": "o^", "ö": "o¨", "ù": "u`", "û": "u^", "ü": "u¨", "ÿ": "y¨", "ñ": "n~",
    "À": "A`", "Â": "A^", "Ä": "A¨", "Ç": "C¸", "É": "E´", "È": "E`", "Ê": "E^", "Ë": "E¨", "Î": "I^", "Ï": "I¨",
    "Ô": "O^", "Ö": "O¨", "Ù": "U`", "Û": "U^", "Ü": "U¨",
    "á": "a´", "í": "ı´", "ó": "o´", "ú": "u´",
}  # fmt: skip
LIGATURES = {"œ": ("o", "e", -88), "æ": ("a", "e", -72), "Œ": ("O", "E", -150), "Æ": ("A", "E", -180)}
SPACES = {"\u00a0": 1.0, "\u202f": 0.85, "\u2009": 0.6}
SMALL = {"×": ("x", 0.8, 70), "²": ("2", 0.55, 310), "³": ("3", 0.55, 310), "•": ("·", 1.5, -150)}
DASHES = {"–": 500, "—": 800, "−": 500}


@cache
def font_file() -> bytes:
    """The typeface as a TrueType file; the same bytes each time within a process."""
    loaded: Any = ImageFont.load_default(16)
    font = TTFont(BytesIO(loaded.font_bytes), recalcTimestamp=False)
    for table in DROPPED:
        if table in font:
            del font[table]
    letters = _Letters(font)
    letters.add_marks()
    for letter, parts in ACCENTED.items():
        letters.add_accented(letter, parts[0], parts[1])
    for letter, (first, second, kern) in LIGATURES.items():
        letters.add_ligature(letter, first, second, kern)
    letters.add_signs()
    written = BytesIO()
    font.save(written)
    return written.getvalue()


@cache
def known_letters() -> frozenset[str]:
    """Every character that the typeface draws."""
    return frozenset(chr(code) for code in TTFont(BytesIO(font_file())).getBestCmap())


class _Letters:
    """A font being completed: glyphs are added under a name, then reached by their character."""

    def __init__(self, font: TTFont) -> None:
        self.font, self.glyphs, self.names = font, font.getGlyphSet(), dict(font.getBestCmap())
        self.table, self.widths = font["glyf"], font["hmtx"].metrics
        self.order: list[str] = list(font.getGlyphOrder())

    def name_of(self, letter: str) -> str:
        """The glyph's name behind a character of the font."""
        return self.names[ord(letter)]

    def put(self, letter: str, pen: TTGlyphPen, width: int) -> None:
        """Add a drawn glyph for a character."""
        name = f"uni{ord(letter):04X}"
        glyph = pen.glyph()
        self.table[name] = glyph
        self.order = [*(each for each in self.order if each != name), name]
        self.font.setGlyphOrder(self.order)
        glyph.recalcBounds(self.table)
        self.widths[name] = (width, getattr(glyph, "xMin", 0) or 0)
        for subtable in self.font["cmap"].tables:
            if subtable.isUnicode():
                subtable.cmap[ord(letter)] = name
        self.names[ord(letter)] = name
        self.glyphs = self.font.getGlyphSet()

    def bounds(self, letter: str) -> tuple[int, int, int, int]:
        """xMin, yMin, xMax, yMax of a character."""
        pen = BoundsPen(self.glyphs)
        self.glyphs[self.name_of(letter)].draw(pen)
        return tuple(round(edge) for edge in pen.bounds or (0, 0, 0, 0))  # type: ignore[return-value]

    def width(self, letter: str) -> int:
        """The advance of a character."""
        return int(self.widths[self.name_of(letter)][0])

    def add_marks(self) -> None:
        """The marks the font lacks, and an i without its dot."""
        self._dotless()
        pen = TTGlyphPen(self.glyphs)
        _polygon(pen, [(40, MARK_FOOT), (120, MARK_HEAD), (180, MARK_HEAD), (260, MARK_FOOT), (196, MARK_FOOT), (150, 645),
                       (104, MARK_FOOT)])  # fmt: skip
        self.put("ˆ", pen, 300)
        pen = TTGlyphPen(self.glyphs)
        for left in (40, 170):
            _polygon(pen, [(left, 590), (left, 680), (left + 90, 680), (left + 90, 590)])
        self.put("¨", pen, 300)
        pen = TTGlyphPen(self.glyphs)
        _polygon(pen, [(120, 10), (176, 10), (160, -50), (205, -90), (205, -160), (150, -200), (60, -200), (60, -150),
                       (130, -150), (146, -130), (146, -105), (100, -80)])  # fmt: skip
        self.put("¸", pen, 300)
        pen = TTGlyphPen(self.glyphs)
        _polygon(pen, [(40, 595), (40, 630), (110, 672), (190, 636), (260, 672), (260, 637), (190, 595), (110, 632)])
        self.put("˜", pen, 300)

    def _dotless(self) -> None:
        recording, pen = RecordingPen(), TTGlyphPen(self.glyphs)
        self.glyphs[self.name_of("i")].draw(recording)
        contours: list[list[Any]] = [[]]
        for step in recording.value:
            contours[-1].append(step)
            if step[0] in ("closePath", "endPath"):
                contours.append([])
        stems = [contour for contour in contours if contour and min(_heights(contour)) < X_HEIGHT // 2]
        for operation, points in stems[0]:
            getattr(pen, operation)(*points)
        self.put("ı", pen, self.width("i"))

    def add_accented(self, letter: str, base: str, mark: str) -> None:
        """A letter with its mark above, or below for a cedilla, in the middle of its width."""
        sign = {"^": "ˆ", "~": "˜"}.get(mark, mark)
        left, _low, right, _high = self.bounds(base)
        mark_left, _mark_low, mark_right, _mark_high = self.bounds(sign)
        shift = round((left + right) / 2 - (mark_left + mark_right) / 2)
        rise = CAP_HEIGHT - X_HEIGHT if base.isupper() and mark != "¸" else 0
        pen = TTGlyphPen(self.glyphs)
        pen.addComponent(self.name_of(base), (1, 0, 0, 1, 0, 0))
        pen.addComponent(self.name_of(sign), (1, 0, 0, 1, shift, rise))
        self.put(letter, pen, self.width(base))

    def add_ligature(self, letter: str, first: str, second: str, kern: int) -> None:
        """Two letters drawn into each other."""
        start = self.width(first) + kern
        pen = TTGlyphPen(self.glyphs)
        pen.addComponent(self.name_of(first), (1, 0, 0, 1, 0, 0))
        pen.addComponent(self.name_of(second), (1, 0, 0, 1, start, 0))
        self.put(letter, pen, start + self.width(second))

    def add_signs(self) -> None:
        """The euro, dashes, spaces, the multiplication sign, the bullet and raised digits."""
        self.put("€", self._euro(), 600)
        for dash, length in DASHES.items():
            pen = TTGlyphPen(self.glyphs)
            _polygon(pen, [(30, 255), (30, 255 + STROKE), (30 + length, 255 + STROKE), (30 + length, 255)])
            self.put(dash, pen, length + 60)
        for space, share in SPACES.items():
            self.put(space, TTGlyphPen(self.glyphs), round(self.width(" ") * share))
        for sign, (base, size, rise) in SMALL.items():
            pen = TTGlyphPen(self.glyphs)
            pen.addComponent(self.name_of(base), (size, 0, 0, size, 20, rise))
            self.put(sign, pen, round(self.width(base) * size) + 40)

    def _euro(self) -> TTGlyphPen:
        """A narrowed C with two bars; outlines only, for TrueType forbids mixing them with components."""
        recording, pen = RecordingPen(), TTGlyphPen(self.glyphs)
        self.glyphs[self.name_of("C")].draw(recording)
        for operation, points in recording.value:
            getattr(pen, operation)(*[(round(x * 0.86) + 20, y) for x, y in points])
        for low in (255, 380):
            _polygon(pen, [(0, low), (0, low + STROKE), (390, low + STROKE), (390, low)])
        return pen


def _polygon(pen: TTGlyphPen, points: list[tuple[int, int]]) -> None:
    pen.moveTo(points[0])
    for point in points[1:]:
        pen.lineTo(point)
    pen.closePath()


def _heights(contour: list[Any]) -> list[int]:
    return [point[1] for _operation, points in contour for point in points if point is not None]
