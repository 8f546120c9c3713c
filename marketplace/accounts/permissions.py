"""Who may do what with users, organisations, sessions and tokens."""
from marketplace.platform.permissions import EVERY_ROLE, Permission

PERMISSIONS = (
    Permission("me.read", "signed_in", EVERY_ROLE, scope="read"),
    Permission("me.change", "signed_in", EVERY_ROLE),
    Permission("token.manage", "signed_in", EVERY_ROLE),
    Permission("session.manage", "signed_in", EVERY_ROLE),
    Permission("organisation.read", "own", EVERY_ROLE, scope="read"),
    Permission("organisation.read", "operator", frozenset({"operator"}), scope="read"),
    Permission("organisation.change", "own", frozenset({"admin"})),
    Permission("member.manage", "own", frozenset({"admin"})),
    Permission("member.manage", "operator", frozenset({"operator"})),
    Permission("organisation.create", "operator", frozenset({"operator"})),
    Permission("group.join", "own", frozenset({"admin"})),
    Permission("group.join", "operator", frozenset({"operator"})),
)
