"""Every refusal and every reasoned sentence that the source can say, read from the source itself."""
import ast
from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.architecture.codebase import Module, dotted, product

ROOT_CLASS = "DomainError"
SENTENCE = "Sentence"
MARK = "N_"
PAGES_ONLY = "tenders.dashboard"
"""Its sentences are lines of a page; no client reads their codes."""


@dataclass
class Refusal:
    """A stable code with its HTTP status (None: a sentence that explains, raised by nobody), its texts and places."""

    code: str
    status: int | None
    sentences: list[str] = field(default_factory=list)
    places: list[str] = field(default_factory=list)

    @property
    def is_decided(self) -> bool:
        """Whether it refuses, or comes from a room's rules: then a test must provoke it."""
        return self.status is not None or any("rules" in place.split(".") for place in self.places)


@dataclass(frozen=True)
class _Kind:
    """A class that may be a refusal: its bases, the status it sets, and whether it says its code itself."""

    bases: tuple[str, ...]
    status: int | None
    has_own_code: bool


def _classes() -> dict[str, _Kind]:
    found = {}
    for module in product():
        for node in ast.walk(module.tree):
            if isinstance(node, ast.ClassDef):
                bases = tuple(dotted(base).split(".")[-1] for base in node.bases)
                starts = any(isinstance(line, ast.FunctionDef) and line.name == "__init__" for line in node.body)
                found[node.name] = _Kind(bases, _own_status(node), starts and node.name != ROOT_CLASS)
    return found


def _own_status(node: ast.ClassDef) -> int | None:
    for line in node.body:
        if isinstance(line, ast.Assign) and dotted(line.targets[0]) == "status" and isinstance(line.value, ast.Constant):
            return int(str(line.value.value))
    return None


def kinds_of_refusal() -> dict[str, _Kind]:
    """Every class that descends from DomainError, with the status and the way of its nearest base."""
    classes = _classes()
    known = {ROOT_CLASS: classes[ROOT_CLASS]}
    found = True
    while found:
        heirs = {}
        for name, kind in classes.items():
            base = next((known[base] for base in kind.bases if base in known), None)
            if name not in known and base is not None:
                heirs[name] = _Kind(kind.bases, kind.status or base.status, kind.has_own_code or base.has_own_code)
        known |= heirs
        found = bool(heirs)
    return known


def _texts(node: ast.AST, constants: dict[str, ast.AST]) -> list[str]:
    """The literal sentences that an argument may be: marked or not, named at the top of the file, or one of two."""
    if isinstance(node, ast.Call) and dotted(node.func) in (MARK, "_l") and node.args:
        return _texts(node.args[0], constants)
    if isinstance(node, ast.IfExp):
        return [*_texts(node.body, constants), *_texts(node.orelse, constants)]
    if isinstance(node, ast.Name) and node.id in constants:
        return _texts(constants[node.id], {})
    return [node.value] if isinstance(node, ast.Constant) and isinstance(node.value, str) else []


def _constants(module: Module) -> dict[str, ast.AST]:
    return {dotted(line.targets[0]): line.value for line in module.tree.body if isinstance(line, ast.Assign)}


def _said(module: Module, kinds: dict[str, _Kind]) -> Iterator[tuple[int | None, list[ast.expr]]]:
    """(status, [code, sentence, …]) wherever a refusal or a sentence is built, or a constraint is given its words."""
    owners = {
        id(call): kinds[node.name]
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ClassDef) and node.name in kinds and node.name != ROOT_CLASS
        for call in ast.walk(node)
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "__init__"
    }
    for name, call in module.calls():
        kind = owners.get(id(call)) or kinds.get(name.split(".")[-1])
        if kind is not None and (id(call) in owners or not kind.has_own_code):
            yield kind.status or 409, call.args
        elif name.split(".")[-1] == SENTENCE:
            yield None, call.args
        elif name.split(".")[-1] == "name_constraint":
            yield 409, call.args[1:]


def read_refusals() -> dict[str, Refusal]:
    """Every code the source can say, by code."""
    kinds, found = kinds_of_refusal(), {}
    for module in product():
        if module.name.startswith(PAGES_ONLY):
            continue
        constants = _constants(module)
        for status, arguments in _said(module, kinds):
            for code in _texts(arguments[0], constants) if arguments else []:
                refusal = found.setdefault(code, Refusal(code, status))
                refusal.status = refusal.status or status
                messages = _texts(arguments[1], constants) if len(arguments) > 1 else []
                refusal.sentences += [message for message in messages if message not in refusal.sentences]
                if module.name not in refusal.places:
                    refusal.places.append(module.name)
    return found
