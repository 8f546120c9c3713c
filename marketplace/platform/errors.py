"""What a refusal is: a stable code, a French sentence that says what to do, and the facts behind it."""
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


def N_(message: str) -> str:  # noqa: N802 - gettext's usual name for "mark for translation, translate later"
    """Mark a sentence for extraction without translating it (rules know no language)."""
    return message


@dataclass(frozen=True)
class Sentence:
    """A sentence still to be put into the reader's language: code, French template, values for its `{names}`."""

    code: str
    template: str
    values: Mapping[str, Any] = field(default_factory=dict)

    def in_french(self) -> str:
        """The source sentence with its values, as text."""
        return self.template.format(**self.values)


class DomainError(Exception):
    """Base of every refusal. `details` are facts (numbers, ids, text) that a client may rely on.

    `message` is a French template with `{names}` filled from the details after translation.
    """

    status = 409

    def __init__(self, code: str, message: str, **details: Any) -> None:
        super().__init__(message.format(**details) if details else message)
        self.code = code
        self.message = message
        self.details = details

    @property
    def sentence(self) -> Sentence:
        """The refusal as a sentence to translate."""
        return Sentence(self.code, self.message, self.details)


class RuleBroken(DomainError):
    """A rule of the trade refuses the act."""


class Conflict(DomainError):
    """The act collides with what somebody else did first."""


class NotFound(DomainError):
    """No such row, or none the caller may see."""

    status = 404

    def __init__(self, what: str = "row") -> None:
        super().__init__("not_found", N_("Introuvable : cet élément n'existe pas ou vous n'y avez pas accès."))
        self.what = what


class NotAllowed(DomainError):
    """The row is visible but the act is not the caller's."""

    status = 403

    def __init__(self, action: str = "", *, scope: str | None = None) -> None:
        self.action = action
        if scope is not None:
            super().__init__(
                "not_allowed",
                N_("Ce jeton ne porte pas le droit « {scope} » : créez-en un qui l'a, dans « Jetons d'API »."),
                scope=scope,
            )
            return
        super().__init__(
            "not_allowed",
            N_(
                "Vous pouvez consulter cet élément, mais pas faire cette action : "
                "demandez ce droit à un administrateur de votre organisation."
            ),
        )


class TooMany(RuleBroken):
    """Tried too often; `retry_after` is in seconds and travels in the Retry-After header too (RFC 6585)."""

    status = 429

    def __init__(self, retry_after: int) -> None:
        super().__init__(
            "too_many_attempts", N_("Trop d'essais : réessayez dans {retry_after} s."), retry_after=retry_after
        )


class StaleVersion(DomainError):
    """The caller edited an older version than the one in store (RFC 9110 If-Match)."""

    status = 412

    def __init__(self, current: int) -> None:
        super().__init__(
            "stale_version",
            N_("Cet élément a changé depuis que vous l'avez ouvert : relisez-le, puis refaites votre modification."),
            current_version=current,
        )


class BadInput(DomainError):
    """Fields that cannot be understood; `errors` maps a field to its sentences."""

    status = 422

    def __init__(self, errors: Mapping[str, list[str]]) -> None:
        super().__init__("invalid_input", N_("Certains champs sont à corriger."))
        self.errors = dict(errors)
