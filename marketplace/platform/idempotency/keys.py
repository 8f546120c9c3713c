"""How a request names itself: the Idempotency-Key header of a program, the hidden field of a form."""
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from flask import request

from marketplace.platform.database import new_id
from marketplace.platform.errors import N_, BadInput

HEADER: Final = "Idempotency-Key"
FORM_FIELD: Final = "idempotency_key"
_SHAPE: Final = re.compile(r"[\x21-\x7e]{1,200}")
_NOT_PART_OF_THE_ASKING: Final = (FORM_FIELD, "csrf_token", "submit")
HEADER_PARAMETER: Final[Mapping[str, Any]] = {
    "in": "header",
    "name": HEADER,
    "required": False,
    "schema": {"type": "string", "minLength": 1, "maxLength": 200},
    "description": "A value of yours, new for each commitment. Sent again with the same body, nothing is done twice and "
    "the answer is about what the first request made; with another body: 409 `idempotency_key_reused`. Kept 30 days.",
}
"""For `@bp.doc(parameters=[HEADER_PARAMETER])` on views that take the header."""


@dataclass(frozen=True)
class RequestKey:
    """A request by its name: what was asked (`request_hash`) on which `route` (method and path)."""

    key: str
    route: str
    request_hash: str


def request_key() -> RequestKey | None:
    """The name of the current request; None when it has none. BadInput for a header that is no key."""
    sent = request.headers.get(HEADER) or request.form.get(FORM_FIELD)
    if sent is None:
        return None
    if not _SHAPE.fullmatch(sent):
        raise BadInput({HEADER: [N_("Une clé d'idempotence a 1 à 200 caractères visibles, sans espace ni accent.")]})
    return RequestKey(sent, f"{request.method} {request.path}", _hash_of_body())


def form_key() -> str:
    """A new name for the form that is being shown: sent twice (a double click), it is done once."""
    return str(new_id())


def _hash_of_body() -> str:
    if request.is_json:
        body = json.dumps(request.get_json(silent=True), sort_keys=True, separators=(",", ":")).encode()
    elif request.form or request.files:
        fields = sorted((n, v) for n, v in request.form.items(multi=True) if n not in _NOT_PART_OF_THE_ASKING)
        files = sorted((n, f.filename or "") for n, f in request.files.items(multi=True))
        body = json.dumps([fields, files]).encode()
    else:
        body = request.get_data()
    return hashlib.sha256(body).hexdigest()
