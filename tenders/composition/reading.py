"""Whether a `grappe-composition/1` document can be composed: every error with its path, or the instance."""
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from tenders.composition.instance import Bracket, Establishment, Instance, Need, Offer, Provider

FORMAT: Final = "grappe-composition/1"
MONEY: Final = re.compile(r"\d{1,12}(?:\.(\d{1,6}))?", re.ASCII)
LARGEST: Final = 10**12
"""Quantities, capacities and workloads above are mistakes, and products would leave the exact range of an int64."""
HALF_CHARACTER: Final = re.compile(r"\\u[dD][89a-fA-F]")
"""An escape of a surrogate: half of a character unless its other half follows."""
MISSING: Final = object()


@dataclass(frozen=True, slots=True)
class Error:
    """One thing wrong: where (`needs[3].quantity`) and why."""

    path: str
    reason: str


class MalformedInstance(Exception):
    """The document is no instance; `errors` lists everything found wrong."""

    def __init__(self, errors: list[Error]) -> None:
        super().__init__(f"{len(errors)} errors in the instance")
        self.errors = errors


def read_instance(text: str | bytes) -> Instance:
    """The instance in this JSON text (UTF-8); MalformedInstance with every error found."""
    try:
        written = text.decode("utf-8-sig") if isinstance(text, bytes) else text
        document = json.loads(written, parse_constant=_refuse_constant, object_pairs_hook=_object)
        if HALF_CHARACTER.search(written):
            json.dumps(document, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise MalformedInstance([Error("$", "holds half a character (a lone surrogate): write whole ones")]) from None
    except (ValueError, RecursionError) as error:
        raise MalformedInstance([Error("$", f"is not JSON: {error}")]) from None
    return parse_instance(document)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose names are there once: of two values, neither is dropped in silence (RFC 8259, 4: names are unique)."""
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = Counter(name for name, _value in pairs).most_common(1)[0][0]
        raise ValueError(f"the name {twice!r} is there twice in one object")
    return found


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a JSON number")


def parse_instance(document: Any) -> Instance:
    """The instance a decoded document describes; MalformedInstance with every error found."""
    reader = _Reader()
    instance = reader.read(document)
    if reader.errors or instance is None:
        raise MalformedInstance(reader.errors)
    return instance


@dataclass
class _Reader:
    """Walks the document once, notes every error, and keeps money as text until the finest coin is known."""

    errors: list[Error] = field(default_factory=list)
    places: int = 2

    def wrong(self, path: str, reason: str) -> None:
        self.errors.append(Error(path, reason))

    def read(self, document: Any) -> Instance | None:
        if not isinstance(document, dict):
            self.wrong("$", "must be an object")
            return None
        if document.get("format") != FORMAT:
            self.wrong("format", f"must be {FORMAT!r}")
        if document.get("currency", "EUR") != "EUR":
            self.wrong("currency", "must be 'EUR'")
        self._find_finest_coin(document)
        categories = self._rows(document, "categories", self._category)
        establishments = self._rows(document, "establishments", self._establishment)
        providers = self._rows(document, "providers", self._provider)
        of_category = self._positions("categories", categories)
        of_establishment = self._positions("establishments", [one and one.id for one in establishments])
        of_provider = self._positions("providers", [one and one.id for one in providers])
        needs = self._rows(document, "needs", lambda path, row: self._need(path, row, of_establishment, of_category))
        offers = self._rows(document, "offers", lambda path, row: self._offer(path, row, of_provider, of_category))
        self._positions("offers", [one and one.id for one in offers])
        self._refuse_needs_twice(needs)
        if self.errors:
            return None
        return Instance(
            10**self.places, tuple(categories), tuple(establishments), tuple(needs), tuple(providers), tuple(offers)
        )

    # Rows

    def _category(self, path: str, row: dict[str, Any]) -> str | None:
        if not isinstance(row.get("support", False), bool):
            self.wrong(f"{path}.support", "must be true or false")
        return self._text(path, row, "id")

    def _establishment(self, path: str, row: dict[str, Any]) -> Establishment | None:
        identifier, region = self._text(path, row, "id"), self._text(path, row, "region")
        requires = self._texts(path, row, "requires")
        return None if identifier is None else Establishment(identifier, region or "", requires)

    def _provider(self, path: str, row: dict[str, Any]) -> Provider | None:
        identifier = self._text(path, row, "id")
        regions, certificates = self._texts(path, row, "regions"), self._texts(path, row, "certificates")
        capacity = self._whole(path, row, "workload_capacity", least=0)
        return None if identifier is None else Provider(identifier, regions, certificates, capacity)

    def _need(self, path: str, row: dict[str, Any], establishments: dict[str, int], categories: dict[str, int]) -> Need:
        return Need(
            self._reference(path, row, "establishment", establishments),
            self._reference(path, row, "category", categories),
            self._whole(path, row, "quantity", least=1),
            self._money(f"{path}.alone_unit_price", row.get("alone_unit_price", MISSING)),
        )

    def _offer(self, path: str, row: dict[str, Any], providers: dict[str, int], categories: dict[str, int]) -> Offer | None:
        identifier = self._text(path, row, "id")
        provider = self._reference(path, row, "provider", providers)
        category = self._reference(path, row, "category", categories)
        mobilisation = self._money(f"{path}.mobilisation_cost", row.get("mobilisation_cost", MISSING))
        workload = self._whole(path, row, "workload_per_unit", least=0)
        uplift = row.get("regional_uplift", {})
        if not isinstance(uplift, dict):
            self.wrong(f"{path}.regional_uplift", "must be an object of region and amount")
            uplift = {}
        uplifts = {region: self._money(f"{path}.regional_uplift.{region}", amount) for region, amount in uplift.items()}
        brackets = tuple(self._brackets(f"{path}.brackets", row.get("brackets", MISSING)))
        if identifier is None:
            return None
        return Offer(identifier, provider, category, mobilisation, workload, brackets, uplifts)

    def _brackets(self, path: str, rows: Any) -> Iterator[Bracket]:
        if not isinstance(rows, list) or not rows:
            self.wrong(path, "must be a list of at least one bracket")
            return
        previous: int | None = None
        for position, row in enumerate(rows):
            here = f"{path}[{position}]"
            if not isinstance(row, dict):
                self.wrong(here, "must be an object")
                continue
            first, last = self._whole(here, row, "from", least=1), self._whole(here, row, "to", least=1)
            if first and last and last < first:
                self.wrong(f"{here}.to", f"is {last}, below from, {first}")
            if first and previous and first != previous + 1:
                self.wrong(f"{here}.from", f"is {first}: brackets are contiguous, {previous + 1} was expected")
            previous = last
            yield Bracket(first, last, self._money(f"{here}.unit_price", row.get("unit_price", MISSING)))

    # Rows together

    def _rows(self, document: dict[str, Any], key: str, read: Callable[[str, dict[str, Any]], Any]) -> list[Any]:
        rows = document.get(key)
        if not isinstance(rows, list):
            self.wrong(key, "is missing" if rows is None else "must be a list")
            return []
        found = []
        for position, row in enumerate(rows):
            if isinstance(row, dict):
                found.append(read(f"{key}[{position}]", row))
            else:
                self.wrong(f"{key}[{position}]", "must be an object")
                found.append(None)
        return found

    def _positions(self, key: str, identifiers: list[str | None]) -> dict[str, int]:
        seen: dict[str, int] = {}
        for position, identifier in enumerate(identifiers):
            if identifier is None:
                continue
            if identifier in seen:
                self.wrong(f"{key}[{position}].id", f"{identifier!r} is there twice, first at {key}[{seen[identifier]}]")
            seen.setdefault(identifier, position)
        return seen

    def _refuse_needs_twice(self, needs: list[Need | None]) -> None:
        seen: dict[tuple[int, int], int] = {}
        for position, need in enumerate(needs):
            if need is None or need.establishment < 0 or need.category < 0:
                continue
            first = seen.setdefault((need.establishment, need.category), position)
            if first != position:
                self.wrong(f"needs[{position}]", f"is the same establishment and category as needs[{first}]")

    # Values

    def _text(self, path: str, row: dict[str, Any], key: str) -> str | None:
        value = row.get(key, MISSING)
        if isinstance(value, str) and value.strip():
            return value
        self.wrong(f"{path}.{key}", "is missing" if value is MISSING else "must be a text that is not empty")
        return None

    def _texts(self, path: str, row: dict[str, Any], key: str) -> frozenset[str]:
        value = row.get(key, MISSING)
        if isinstance(value, list) and all(isinstance(one, str) for one in value):
            return frozenset(value)
        self.wrong(f"{path}.{key}", "is missing" if value is MISSING else "must be a list of texts")
        return frozenset()

    def _whole(self, path: str, row: dict[str, Any], key: str, *, least: int) -> int:
        value = row.get(key, MISSING)
        if value is MISSING:
            self.wrong(f"{path}.{key}", "is missing")
        elif isinstance(value, bool) or not isinstance(value, int):
            self.wrong(f"{path}.{key}", f"must be a whole number, not {value!r}")
        elif not least <= value <= LARGEST:
            self.wrong(f"{path}.{key}", f"is {value}: must be between {least} and {LARGEST}")
        else:
            return value
        return 0

    def _reference(self, path: str, row: dict[str, Any], key: str, known: dict[str, int]) -> int:
        value = row.get(key, MISSING)
        if isinstance(value, str) and value in known:
            return known[value]
        self.wrong(f"{path}.{key}", "is missing" if value is MISSING else f"{value!r} is unknown")
        return -1

    # Money

    def _money(self, path: str, value: Any) -> int:
        match = MONEY.fullmatch(value) if isinstance(value, str) else None
        if match is None:
            reason = f"{value!r} is no amount: a decimal text such as '12.50', never negative"
            self.wrong(path, "is missing" if value is MISSING else reason)
            return 0
        whole, _point, decimals = value.partition(".")
        return int(whole + decimals[: self.places].ljust(self.places, "0"))

    def _find_finest_coin(self, document: dict[str, Any]) -> None:
        """Two decimals unless some amount has more: then the finest one's, so that every amount is whole coins."""
        for amount in _amounts(document):
            match = MONEY.fullmatch(amount) if isinstance(amount, str) else None
            if match is not None and match[1]:
                self.places = max(self.places, len(match[1].rstrip("0")))


def _amounts(document: dict[str, Any]) -> Iterator[Any]:
    """Everything that should be money, wherever the document's shape allows to look."""
    for need in _objects(document.get("needs")):
        yield need.get("alone_unit_price")
    for offer in _objects(document.get("offers")):
        yield offer.get("mobilisation_cost")
        uplift = offer.get("regional_uplift")
        yield from uplift.values() if isinstance(uplift, dict) else ()
        yield from (bracket.get("unit_price") for bracket in _objects(offer.get("brackets")))


def _objects(rows: Any) -> Iterator[dict[str, Any]]:
    return (row for row in rows if isinstance(row, dict)) if isinstance(rows, list) else iter(())
