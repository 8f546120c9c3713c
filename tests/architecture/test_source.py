"""How the code is written: where imports, commits, clocks and rules may be, and how long things may get."""
import ast
import re

import pytest

from tests.architecture.codebase import Module, committed_files, dotted, product, suite

LONGEST_FILE = 400
LONGEST_FUNCTION = 40
LONGEST_STORY = 100
"""A test that tells a whole journey keeps its order in one place: cut up, it would have to be read backwards."""
DATABASE = "marketplace/platform/database.py"
CLOCK = "marketplace/platform/clock.py"
CLOCKS = {
    "datetime.now", "datetime.today", "datetime.utcnow", "date.today", "datetime.datetime.now", "datetime.date.today",
    "datetime.datetime.utcnow", "time.time", "time.time_ns", "time.localtime", "time.gmtime",
}  # fmt: skip
DATABASE_CLOCKS = re.compile(r"\bnow\(\)|current_timestamp|current_date|clock_timestamp\(|localtimestamp", re.IGNORECASE)
VAGUE_NAMES = {"utils", "util", "helpers", "helper", "common", "manager", "managers", "misc", "tools", "base_utils"}
NOT_IN_RULES = ("flask", "sqlalchemy", "werkzeug", "wtforms", "marshmallow", "psycopg", "procrastinate")
ROOMS_NOT_IN_RULES = (".models", ".queries", ".services", ".api", ".pages", ".schemas", "platform.database")


def found(offences: list[str]) -> None:
    """Fail with every offence, one a line."""
    assert not offences, "\n" + "\n".join(offences)


def is_rules(module: Module) -> bool:
    """Whether a module decides: rules.py, or a file of a rules/ folder."""
    return module.path.endswith("/rules.py") or "/rules/" in module.path


def is_data(module: Module) -> bool:
    """Whether a module only lists facts: no function, no class, no branch."""
    return not any(isinstance(node, ast.FunctionDef | ast.ClassDef | ast.If) for node in module.tree.body)


def is_catalogue(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether a function only says texts, call after call, and decides nothing: a message catalogue."""
    says = (ast.Expr, ast.Constant, ast.Call, ast.keyword, ast.Name, ast.Load)
    return all(isinstance(node, says) for line in function.body for node in ast.walk(line))


def test_every_module_says_in_its_first_line_what_it_decides():
    found([module.path for module in product() if module.text.strip() and not ast.get_docstring(module.tree)])


def test_nothing_is_imported_inside_a_function():
    found([
        f"{module.path}:{node.lineno}"
        for module in (*product(), *suite())
        for function in module.functions()
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    ])  # fmt: skip


def test_only_the_database_module_commits_or_rolls_back():
    found([
        f"{module.path}:{node.lineno} {name}"
        for module in product()
        if module.path != DATABASE
        for name, node in module.calls()
        if name.split(".")[-1] in ("commit", "rollback")
    ])  # fmt: skip


def test_only_the_clock_knows_the_time():
    found([
        f"{module.path}:{node.lineno} {name}"
        for module in product()
        if module.path != CLOCK
        for name, node in module.calls()
        if name in CLOCKS
    ])  # fmt: skip


def test_the_databases_clock_is_not_asked_either():
    asked = [
        f"{module.path}:{node.lineno} {name}"
        for module in product()
        for name, node in module.calls()
        if name.split(".")[-2:] in (["func", "now"], ["func", "current_timestamp"], ["func", "clock_timestamp"])
    ]
    written = [
        f"{module.path}:{line} {text.strip()[:60]!r}"
        for module in product()
        for line, text in module.spoken_strings()
        if DATABASE_CLOCKS.search(text)
    ]
    found(asked + written)


def test_rules_know_neither_the_web_nor_the_database():
    found([
        f"{module.path} imports {name}"
        for module in product()
        if is_rules(module)
        for name in module.imported()
        if name.split(".")[0] in NOT_IN_RULES or any(f"{room}." in f"{name}." for room in ROOMS_NOT_IN_RULES)
    ])  # fmt: skip


def test_rules_are_told_the_time():
    found([
        f"{module.path}:{node.lineno} {name}"
        for module in product()
        if is_rules(module)
        for name, node in module.calls()
        if name in ("clock.now", "clock.today", "now", "today")
    ])  # fmt: skip


@pytest.mark.parametrize("modules", [product, suite], ids=["product", "tests"])
def test_no_file_outgrows_its_reader(modules):
    found([
        f"{module.path}: {module.lines} lines"
        for module in modules()
        if module.lines > LONGEST_FILE and not is_data(module)
    ])  # fmt: skip


@pytest.mark.parametrize(
    ("modules", "longest"), [(product, LONGEST_FUNCTION), (suite, LONGEST_STORY)], ids=["product", "tests"]
)
def test_no_function_outgrows_its_reader(modules, longest):
    lengths = (
        (module, function, (function.end_lineno or 0) - function.lineno + 1)
        for module in modules()
        for function in module.functions()
    )
    found([
        f"{module.path}:{function.lineno} {function.name}: {length} lines"
        for module, function, length in lengths
        if length > longest and not is_catalogue(function)
    ])  # fmt: skip


def test_every_module_is_named_after_something_of_the_trade():
    found([
        module.path for module in (*product(), *suite())
        if {part.removesuffix(".py") for part in module.path.split("/")} & VAGUE_NAMES
    ])  # fmt: skip


def test_the_three_packages_are_empty_at_their_root():
    roots = {"marketplace/__init__.py", "catalog/__init__.py", "tenders/__init__.py"}
    found([module.path for module in product() if module.path in roots and module.text.strip()])


TRIES_AGAIN = {"tenders/demand/services/needs.py": "until_not_overtaken"}
"""The only functions that may open a second transaction, one after another: they start the whole use case again."""


AROUND_A_CALL = {f"marketplace/billing/{name}.py" for name in ("collecting", "subscribing", "reconciling")}
"""Where outbox handlers ask an outside system: one transaction before the call, one after it (docs/decisions)."""


def test_a_use_case_opens_one_transaction_and_a_step_none():
    found([
        f"{module.path}:{function.lineno} {function.name}"
        for module in product()
        for function in module.functions()
        if TRIES_AGAIN.get(module.path) != function.name
        and _transactions(function) > (0 if _takes_a_session(function) else 1 + (module.path in AROUND_A_CALL))
    ])  # fmt: skip


def _transactions(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    opened = [item for node in ast.walk(function) if isinstance(node, ast.With) for item in node.items]
    return sum(dotted(item.context_expr.func) == "transaction" for item in opened if isinstance(item.context_expr, ast.Call))


def _takes_a_session(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    arguments = [*function.args.posonlyargs, *function.args.args]
    return bool(arguments) and arguments[0].arg == "session"


# Written in pieces: this file is committed too.
FOREIGN_HOSTS = ("pypi" + ".org", "python" + "hosted.org", "npm" + "js.", "jsd" + "elivr", "un" + "pkg.com",
                 "cdn" + "js.", "arti" + "factory", "/simple" + "/")  # fmt: skip
MACHINE_PATH = re.compile(r"(?<![\w.~$}/-])/(?:work|root|home|Users)/[\w.-]+")
REQUIREMENTS = re.compile(r"^requirements[\w-]*\.txt$")


def test_requirements_name_no_address():
    written = [path for path in committed_files() if REQUIREMENTS.match(path.name)]
    assert written
    found([path.name for path in written if "://" in path.read_text(encoding="utf-8")])


def test_committed_files_name_no_registry_and_no_machine():
    offences = []
    for path in committed_files():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        offences += [f"{path.name} names {host}" for host in FOREIGN_HOSTS if host in text]
        offences += [f"{path.name} names {match.group()}" for match in MACHINE_PATH.finditer(text)]
    found(offences)


def test_no_lock_file_with_addresses_is_committed():
    found([path.name for path in committed_files() if path.name in ("uv.lock", "poetry.lock", "package-lock.json")])
