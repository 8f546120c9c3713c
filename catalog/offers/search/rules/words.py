"""Which words somebody may have meant: three-letter pieces to find likely ones, an edit distance to choose among them."""
from collections.abc import Collection, Iterable, Mapping
from typing import Final

MOST_WORDS: Final = 12
"""Words of a question that are looked at; the rest is ignored."""
SHORTEST: Final = 4
"""Shorter words are taken as they are: SOC, EDR and MFA are one letter away from too much."""
LONG: Final = 8
MOST_MEANT: Final = 3
EMPTY: Final = frozenset(
    "a au aux avec ce ces d dans de des du en et l la le les leur n notre nos ou par pour qu que qui s sa se ses son sur "
    "un une votre vos the of and for with in on to".split()
)
"""Folded words that say nothing of a service, French and English."""


def words_of(folded: str) -> list[str]:
    """The words of a folded question that say something, each once, in order."""
    return [word for word in dict.fromkeys(folded.split()) if word not in EMPTY][:MOST_WORDS]


def trigrams(word: str) -> set[str]:
    """The word's pieces of three letters, its beginning and end marked."""
    marked = f"^{word}$"
    return {marked[start : start + 3] for start in range(len(marked) - 2)}


def is_learnt(word: str) -> bool:
    """Whether a listing's word is worth remembering for mistyped questions."""
    return len(word) >= SHORTEST and not word.isdigit()


def tolerated(word: str) -> int:
    """How many slips are forgiven: none in short words, two in long ones."""
    if len(word) < SHORTEST:
        return 0
    return 1 if len(word) < LONG else 2


def distance(first: str, second: str) -> int:
    """Letters added, left out, replaced, or two neighbours swapped, to make one word the other (OSA distance)."""
    before: list[int] = []
    row = list(range(len(second) + 1))
    for i, letter in enumerate(first, 1):
        older, before, row = before, row, [i]
        for j, other in enumerate(second, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != other))
            if i > 1 and j > 1 and letter == second[j - 2] and first[i - 2] == other:
                cost = min(cost, older[j - 2] + 1)
            row.append(cost)
    return row[-1]


def meant(word: str, candidates: Iterable[str]) -> list[str]:
    """The candidates nearest to a mistyped word, at most three, none further than what is forgiven."""
    near = sorted((distance(word, other), other) for other in set(candidates))
    forgiven = tolerated(word)
    if not near or near[0][0] > forgiven:
        return []
    return [other for steps, other in near if steps == near[0][0]][:MOST_MEANT]


def categories_named(word: str, names: Mapping[str, Collection[str]]) -> list[str]:
    """Codes of the categories whose names (folded words) hold the word, its plural left aside."""
    bare = word.rstrip("sx") or word
    return [code for code, said in names.items() if any((other.rstrip("sx") or other) == bare for other in said)]


def category_lexeme(code: str) -> str:
    """The lexeme that stands for a category, whatever its names become: no word of a text can be it."""
    return f"'category {code}'"
