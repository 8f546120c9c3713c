"""Who may do what with adhesions: a member's signatory adheres; the member or the centre ends; both and the holders read."""

from marketplace.platform.permissions import EVERY_ROLE, Permission

PERMISSIONS = (
    Permission("adhesion.read", "signed_in", EVERY_ROLE, scope="read"),
    Permission("adhesion.sign", "own", frozenset({"signatory"}), scope="sign", kinds=frozenset({"care_operator"})),
    Permission("adhesion.end", "own", frozenset({"signatory"}), scope="sign", kinds=frozenset({"care_operator"})),
    Permission(
        "adhesion.end", "centre", frozenset({"admin", "signatory"}), scope="sign", kinds=frozenset({"purchasing_centre"})
    ),
)
