"""When the convention of a vehicle may be signed, how an adhesion ends, and whether ordering waits for it (domain §4).

A call-off of an organisation that did not adhere is refused only on a vehicle opened with « convention required »: on the
others the need that its signatory committed already binds it, and the adhesion documents it.
"""

from typing import Final

from marketplace.platform.errors import N_, BadInput, RuleBroken

OPEN_TO_ADHESION: Final = ("open", "closed")


def check_can_sign(status: str) -> None:
    """Refuse an adhesion to a vehicle that is not published any more, or not yet. RuleBroken `vehicle_takes_no_adhesion`."""
    if status not in OPEN_TO_ADHESION:
        raise RuleBroken(
            "vehicle_takes_no_adhesion",
            "Ce marché n'accepte pas d'adhésion : il n'est pas encore ouvert, il est annulé ou terminé.",
        )


def check_shown(shown: str, current: str) -> None:
    """Refuse a signature under another text than today's. RuleBroken `convention_changed`."""
    if shown != current:
        raise RuleBroken(
            "convention_changed", "Ce n'est pas le texte de la convention d'aujourd'hui : relisez-la, puis signez."
        )


def check_reason(reason: str) -> str:
    """The reason of an end, without blanks around; BadInput without one."""
    written = reason.strip()
    if not written:
        raise BadInput({"reason": [N_("Écrivez pourquoi l'adhésion prend fin : l'autre partie le lira.")]})
    return written
