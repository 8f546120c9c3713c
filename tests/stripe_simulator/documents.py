"""Stripe's own description of its API, as far as it is beside the project: what a request may hold, what an object must."""
import json
import re
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

DESCRIPTION = Path(__file__).resolve().parents[3] / "shared" / "standards" / "stripe" / "openapi-2025-10.json"
FORM = "application/x-www-form-urlencoded"
KNOWN_DIFFERENCES = {
    "POST /v1/prices lookup_keys": "none: listed so that the table has a shape",
}


class Documents:
    """The description, read once: `problems_of_request`, `problems_of_object` and `fill` answer from it."""

    def __init__(self, description: dict[str, Any]) -> None:
        self.paths: dict[str, Any] = description["paths"]
        self.schemas: dict[str, Any] = description["components"]["schemas"]
        self._root = _plain({"components": {"schemas": self.schemas}})
        self._patterns = [(re.compile(re.sub(r"\{\w+\}", "[^/]+", path) + "$"), path) for path in self.paths]

    def operation(self, method: str, path: str) -> dict[str, Any] | None:
        """What the description says of a call; None when it does not know it."""
        exact = [name for pattern, name in self._patterns if pattern.match(path)]
        names = sorted(exact, key=lambda name: "{" in name)
        return self.paths[names[0]].get(method.lower()) if names else None

    def problems_of_request(self, method: str, path: str, params: dict[str, Any]) -> list[str]:
        """Parameters that Stripe does not document for this call, or whose values it would not take."""
        found = self.operation(method, path)
        if found is None:
            return [f"{method} {path} is not documented"]
        if method == "GET":
            known = {each["name"]: each["schema"] for each in found.get("parameters", []) if each["in"] == "query"}
            schema: dict[str, Any] = {"type": "object", "properties": known}
        else:
            schema = found["requestBody"]["content"][FORM]["schema"]
        return self._misfits(f"{method} {path}", params, schema)

    def problems_of_object(self, name: str, value: Any) -> list[str]:
        """Why an object is not one that Stripe documents."""
        fault = best_match(self._validator(name).iter_errors(value))
        return [] if fault is None else [f"{name}: {fault.json_path} {fault.message[:200]}"]

    @cache  # noqa: B019 - one Documents per process
    def _validator(self, name: str) -> Draft202012Validator:
        return Draft202012Validator({"$ref": f"#/components/schemas/{name}", **self._root})

    def fill(self, name: str, value: dict[str, Any]) -> dict[str, Any]:
        """The object with every property that Stripe requires, emptied where the simulator has nothing to say."""
        schema = self.schemas[name]
        for prop in schema.get("required", []):
            if prop not in value:
                value[prop] = self._empty(schema["properties"][prop])
        return value

    def _resolve(self, schema: dict[str, Any]) -> dict[str, Any]:
        while "$ref" in schema:
            schema = self.schemas[schema["$ref"].split("/")[-1]]
        return schema

    def _empty(self, schema: dict[str, Any]) -> Any:
        schema = self._resolve(schema)
        if schema.get("nullable"):
            return None
        if "enum" in schema:
            return schema["enum"][0]
        if "anyOf" in schema:
            return self._empty(schema["anyOf"][0])
        if schema.get("type") == "object":
            return {prop: self._empty(schema["properties"][prop]) for prop in schema.get("required", [])}
        return {"string": "", "boolean": False, "integer": 0, "number": 0, "array": []}[schema["type"]]

    def _misfits(self, where: str, value: Any, schema: dict[str, Any]) -> list[str]:
        schema = self._resolve(schema)
        if "anyOf" in schema:
            tried = [self._misfits(where, value, each) for each in schema["anyOf"]]
            return min(tried, key=len)
        kind = schema.get("type")
        if kind == "object":
            return self._misfits_of_object(where, value, schema)
        if kind == "array":
            items = value if isinstance(value, list) else None
            if items is None:
                return [f"{where}: not a list"]
            return [fault for each in items for fault in self._misfits(f"{where}[]", each, schema["items"])]
        if not isinstance(value, str):
            return [f"{where}: not a {kind}"]
        shapes = {"integer": r"-?\d+", "number": r"-?\d+(\.\d+)?", "boolean": "true|false|True|False"}
        if kind in shapes and not re.fullmatch(shapes[kind], value):
            return [f"{where}: {value!r} is not a {kind}"]
        if "enum" in schema and value not in schema["enum"]:
            return [f"{where}: {value!r} is none of {schema['enum']}"]
        if "maxLength" in schema and len(value) > schema["maxLength"]:
            return [f"{where}: longer than {schema['maxLength']}"]
        return []

    def _misfits_of_object(self, where: str, value: Any, schema: dict[str, Any]) -> list[str]:
        if not isinstance(value, dict):
            return [f"{where}: not an object"]
        known = schema.get("properties", {})
        free = schema.get("additionalProperties")
        faults = [f"{where}: {name} is missing" for name in schema.get("required", []) if name not in value]
        for name, inner in value.items():
            if name in known:
                faults += self._misfits(f"{where} {name}", inner, known[name])
            elif isinstance(free, dict):
                faults += self._misfits(f"{where} {name}", inner, free)
            else:
                faults.append(f"{where}: {name} is not documented")
        return faults


def _plain(value: Any) -> Any:
    """OpenAPI 3.0 as JSON Schema: `nullable` becomes a type of its own, examples and formats go."""
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if not isinstance(value, dict):
        return value
    kept = {name: _plain(each) for name, each in value.items() if not name.startswith("x-") and name != "format"}
    if kept.pop("nullable", False) is True:
        return {"anyOf": [kept, {"type": "null"}]}
    return kept


@cache
def load() -> Documents | None:
    """The description when it is beside the project; the simulator works without it, and then checks nothing."""
    return Documents(json.loads(DESCRIPTION.read_text(encoding="utf-8"))) if DESCRIPTION.exists() else None
