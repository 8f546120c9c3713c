"""How facts travel as JSON: plain for records that people read, tagged where the types must come back."""
import json
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from marketplace.platform.errors import Sentence


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, set | frozenset):
        return sorted(value, key=str)
    raise TypeError(f"{type(value).__name__} is not a fact")


def without_floats(value: Any) -> Any:
    """The same facts with every float written as text: a record holds whole numbers and words only."""
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, Mapping):
        return {str(key): without_floats(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [without_floats(item) for item in value]
    return value


def to_json(value: Any) -> str:
    """Facts as JSON text: decimals, ids and moments become text; TypeError for anything that is not a fact."""
    return json.dumps(value, default=_plain, ensure_ascii=False, separators=(",", ":"))


def pack(value: Any) -> Any:
    """Facts as JSON values from which `unpack` finds the types again (amounts, days, moments, sentences)."""
    if isinstance(value, Sentence):
        return {"$sentence": [value.code, value.template, pack(value.values)]}
    if isinstance(value, Decimal):
        return {"$decimal": f"{value:f}"}
    if isinstance(value, datetime):
        return {"$moment": value.isoformat()}
    if isinstance(value, date):
        return {"$day": value.isoformat()}
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, Mapping):
        return {str(key): pack(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [pack(item) for item in value]
    return value


def unpack(value: Any) -> Any:
    """What `pack` was given (ids stay text)."""
    if isinstance(value, list):
        return [unpack(item) for item in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        ((tag, inner),) = value.items()
        if tag == "$sentence":
            return Sentence(inner[0], inner[1], unpack(inner[2]))
        if tag in _READERS:
            return _READERS[tag](inner)
    return {key: unpack(item) for key, item in value.items()}


_READERS: dict[str, Callable[[Any], Any]] = {"$decimal": Decimal, "$moment": datetime.fromisoformat, "$day": date.fromisoformat}
