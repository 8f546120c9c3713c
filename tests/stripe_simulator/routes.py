"""Which function answers which call."""
import re
from collections.abc import Callable
from typing import Any

Answer = Callable[..., dict[str, Any]]

ROUTES: list[tuple[str, re.Pattern[str], Answer]] = []


def route(method: str, path: str) -> Callable[[Answer], Answer]:
    """Register the answer to a call; `{id}` in the path becomes an argument."""

    def register(answer: Answer) -> Answer:
        ROUTES.append((method, re.compile(re.sub(r"\{\w+\}", "([^/]+)", path)), answer))
        return answer

    return register


def find(method: str, path: str) -> tuple[Answer, tuple[str, ...]] | None:
    """The function that answers, with what the path holds."""
    for known, pattern, answer in ROUTES:
        found = pattern.fullmatch(path)
        if known == method and found:
            return answer, found.groups()
    return None
