"""Who may do what: role × action × relation to the subject, one pure table joined from every room."""
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from marketplace.platform.errors import NotAllowed

ROLES = ("admin", "signatory", "buyer", "contributor", "viewer", "operator")
EVERY_ROLE = frozenset(ROLES)
RELATIONS = ("own", "coordinator", "centre", "provider", "operator", "signed_in")
SCOPES = ("read", "write", "sign")
KINDS = ("care_operator", "provider", "purchasing_centre", "authority", "platform")

OrganisationIds = UUID | Iterable[UUID] | None


@dataclass(frozen=True)
class Seat:
    """A place from which a user acts: an organisation and the roles held there.

    `delegated` marks a seat held through the group's head organisation (domain §4b.14).
    """

    organisation_id: UUID
    name: str
    kind: str
    roles: frozenset[str]
    delegated: bool = False


@dataclass(frozen=True)
class Actor:
    """Who acts: a user with seats and token scopes, or the system itself (`user_id` is None)."""

    user_id: UUID | None
    name: str
    seats: tuple[Seat, ...] = ()
    scopes: frozenset[str] = frozenset(SCOPES)
    locale: str = "fr"
    is_system: bool = False

    def organisation_ids(self, roles: Iterable[str] = ROLES, kind: str | None = None) -> set[UUID]:
        """Organisations where the actor holds one of the roles (of one kind when given)."""
        wanted = frozenset(roles)
        return {s.organisation_id for s in self.seats if s.roles & wanted and (kind is None or s.kind == kind)}

    def has_kind(self, kind: str) -> bool:
        """Whether the actor sits in an organisation of this kind."""
        return any(seat.kind == kind for seat in self.seats)

    @property
    def own_id(self) -> UUID:
        """The user behind the actor; LookupError for the system and for nobody."""
        if self.user_id is None:
            raise LookupError("no user acts here")
        return self.user_id

    @property
    def is_operator(self) -> bool:
        """Whether the actor runs the platform."""
        return any(s.kind == "platform" and "operator" in s.roles for s in self.seats)


SYSTEM = Actor(user_id=None, name="Grappe", is_system=True)
"""The scheduler and the command line act under this name in the audit."""


@dataclass(frozen=True)
class Permission:
    """One row: these roles, in an organisation that stands in this relation to the subject, may do this action."""

    action: str
    relation: str
    roles: frozenset[str]
    scope: str = "write"
    kinds: frozenset[str] = field(default_factory=frozenset)

    def __post_init__(self) -> None:
        object.__setattr__(self, "roles", frozenset(self.roles))
        object.__setattr__(self, "kinds", frozenset(self.kinds))
        if self.relation not in RELATIONS or self.scope not in SCOPES or self.roles - EVERY_ROLE:
            raise ValueError(f"unknown word in {self}")


_table: dict[str, tuple[Permission, ...]] = {}


def join(rooms: Mapping[str, Sequence[Permission]]) -> None:
    """Install the joined table; ValueError when two rooms claim the same action."""
    joined: dict[str, list[Permission]] = {}
    owner: dict[str, str] = {}
    for room, rows in rooms.items():
        for row in rows:
            if owner.setdefault(row.action, room) != room:
                raise ValueError(f"action {row.action} is claimed by {owner[row.action]} and {room}")
            joined.setdefault(row.action, []).append(row)
    _table.clear()
    _table.update({action: tuple(rows) for action, rows in joined.items()})


def table() -> dict[str, tuple[Permission, ...]]:
    """The joined table, for the docs page and the tests."""
    return dict(_table)


def scope_of(action: str) -> str:
    """The token scope an action needs; KeyError when no room declares it."""
    return _table[action][0].scope


def _holds(actor: Actor, row: Permission, organisations: OrganisationIds) -> bool:
    if row.scope not in actor.scopes:
        return False
    seats = [s for s in actor.seats if s.roles & row.roles and (not row.kinds or s.kind in row.kinds)]
    if row.relation == "signed_in":
        # A right of every role and kind needs no seat: somebody without any still has a password and tokens.
        return bool(seats) or (actor.user_id is not None and row.roles == EVERY_ROLE and not row.kinds)
    if row.relation == "operator":
        return any(s.kind == "platform" for s in seats)
    if organisations is None:
        return False
    ids = {organisations} if isinstance(organisations, UUID) else set(organisations)
    return any(s.organisation_id in ids for s in seats)


def allowed(actor: Actor, action: str, **relations: OrganisationIds) -> bool:
    """Whether the actor may do the action; relations map a relation name to organisation ids."""
    if actor.is_system:
        return True
    return any(_holds(actor, row, relations.get(row.relation)) for row in _table[action])


def require(actor: Actor, action: str, **relations: OrganisationIds) -> None:
    """Raise NotAllowed unless the actor may do the action. Asked after a scoped load: the row is visible."""
    if not allowed(actor, action, **relations):
        raise NotAllowed(action)
