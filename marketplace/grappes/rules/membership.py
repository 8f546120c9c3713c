"""Who may come in, go out and coordinate, and when a grappe may start (domain §4b.9–12)."""
from datetime import date, timedelta

from marketplace.platform.errors import N_, BadInput, RuleBroken, Sentence

_NOTICE_RUNS = N_("Le préavis de cet établissement court déjà : annulez-le s'il doit rester membre.")


def check_not_dissolved(status: str) -> None:
    """A dissolved grappe is history: nothing changes in it any more."""
    if status == "dissolved":
        raise RuleBroken(
            "grappe_dissolved", "Cette grappe est dissoute : rejoignez-en une autre ou fondez-en une nouvelle."
        )


def check_room(members: int, maximum: int | None) -> None:
    """Refuse one more member than the charter's maximum; `members` counts those who have signed and are not out."""
    if maximum is not None and members >= maximum:
        raise RuleBroken(
            "grappe_full",
            "La grappe compte déjà {members} membres sur {maximum} : attendez un départ, "
            "ou demandez au coordinateur d'augmenter le maximum.",
            members=members,
            maximum=maximum,
        )


def check_quorum(members: int, quorum: int) -> None:
    """A grappe starts once enough establishments have signed, coordinator counted (domain §4b.11)."""
    if members < quorum:
        raise RuleBroken(
            "grappe_below_quorum",
            "Quorum non atteint : {members} sur {quorum} (établissements ayant signé). Invitez d'autres "
            "établissements, ou relancez ceux qui n'ont pas répondu, puis activez la grappe.",
            members=members,
            quorum=quorum,
            missing=quorum - members,
        )


def check_territory(territory: tuple[str, ...], region: str | None) -> None:
    """An establishment outside the charter's regions stays outside; an empty territory is the whole country."""
    if territory and region not in territory:
        raise RuleBroken(
            "outside_territory",
            "Cet établissement n'est pas dans le territoire de la grappe : choisissez un établissement de ses régions.",
            territory=list(territory),
        )


def check_eligible(refusal: Sentence | None, legal_form: str) -> None:
    """Raise what `establishments.rules.grappe_eligibility` answered (domain §4b.12: legal status, not category).

    An order group may take public establishments outside a GHT; while the lists of GHT are not imported nobody can tell
    who is outside, so the refusal stays neutral and says what is missing.
    """
    if refusal is None:
        return
    if refusal.code == "public_establishment" and legal_form == "groupement_de_commandes":
        raise RuleBroken(
            "ght_membership_unknown",
            "Cet établissement est public : un groupement de commandes l'accueille s'il est hors GHT, ce que l'on "
            "ne peut pas encore vérifier ici. Demandez à l'opérateur de la plateforme d'importer les listes de GHT.",
        )
    raise RuleBroken(refusal.code, refusal.template, **refusal.values)


def check_can_be_invited(running_status: str | None) -> None:
    """An invitation goes to an establishment that is not already on its way; a pending request is answered by it."""
    if running_status in (None, "requested"):
        return
    if running_status == "invited":
        raise RuleBroken("already_invited", "Cet établissement est déjà invité : attendez sa réponse ou relancez-le.")
    raise RuleBroken("already_a_member", "Cet établissement est déjà membre de la grappe.")


def check_can_request(running_status: str | None) -> None:
    """A request makes sense from outside only; somebody invited signs instead."""
    if running_status is None:
        return
    if running_status == "requested":
        raise RuleBroken("already_requested", "Votre demande est déjà envoyée : le coordinateur doit y répondre.")
    if running_status == "invited":
        raise RuleBroken("already_invited", "Cet établissement est déjà invité : lisez la convention, puis signez-la.")
    raise RuleBroken("already_a_member", "Cet établissement est déjà membre de la grappe.")


def check_can_be_approved(running_status: str) -> None:
    """Only a request is approved; approving twice says what comes next."""
    if running_status == "invited":
        raise RuleBroken("already_invited", "Cet établissement est déjà invité : attendez sa réponse ou relancez-le.")
    if running_status != "requested":
        raise RuleBroken("already_a_member", "Cet établissement est déjà membre de la grappe.")


def pending_ending(pending: str, *, by_establishment: bool) -> str:
    """How an invitation or a request that came to nothing is remembered, by who ended it."""
    if pending == "invited":
        return "declined" if by_establishment else "withdrawn"
    return "withdrawn" if by_establishment else "refused"


def not_invited() -> RuleBroken:
    """The refusal for an establishment that nobody invited."""
    return RuleBroken(
        "not_invited", "Cet établissement n'est pas invité dans cette grappe : demandez d'abord à la rejoindre."
    )


def check_can_accept(running_status: str) -> None:
    """Only an invitation can be accepted; a request waits for the coordinator first."""
    if running_status == "leaving":
        raise RuleBroken("already_leaving", _NOTICE_RUNS)
    if running_status == "requested":
        raise RuleBroken(
            "request_pending", "Votre demande attend la réponse du coordinateur : vous pourrez signer ensuite."
        )
    if running_status != "invited":
        raise not_invited()


def check_can_leave(status: str, is_coordinator: bool) -> None:
    """A member may give notice once; the coordinator hands over first, so that nobody is left without one."""
    if status == "leaving":
        raise RuleBroken("already_leaving", _NOTICE_RUNS)
    check_is_member(status)
    if is_coordinator:
        raise RuleBroken(
            "coordinator_hands_over_first",
            "Cet établissement coordonne la grappe : transmettez d'abord la coordination, ou dissolvez la grappe.",
        )


def check_can_stay(status: str) -> None:
    """Only a notice that runs can be taken back."""
    if status != "leaving":
        raise RuleBroken("not_leaving", "Aucun préavis ne court pour cet établissement : il n'y a rien à annuler.")


def check_is_member(status: str | None) -> None:
    """The act needs an establishment that has signed and stays."""
    if status == "leaving":
        raise RuleBroken("member_is_leaving", "Cet établissement est sur le départ : choisissez-en un autre.")
    if status != "member":
        raise RuleBroken("not_a_member", "Cet établissement n'est pas membre de la grappe : il doit d'abord signer.")


def check_can_be_excluded(status: str | None, is_coordinator: bool) -> None:
    """A member, leaving or not, may be excluded; never the coordinator."""
    if is_coordinator:
        raise RuleBroken(
            "coordinator_hands_over_first",
            "Cet établissement coordonne la grappe : transmettez d'abord la coordination.",
        )
    if status not in ("member", "leaving"):
        raise RuleBroken("not_a_member", "Cet établissement n'est pas membre de la grappe.")


def check_may_amend(other_signatures: int) -> None:
    """Once somebody else has signed, the coordinator alone no longer changes the text they signed."""
    if other_signatures > 0:
        raise RuleBroken(
            "charter_already_signed",
            "D'autres membres ont déjà signé cette version ({signatures}) : "
            "fondez une nouvelle grappe si ses règles doivent changer.",
            signatures=other_signatures,
        )


def check_reason(reason: str) -> str:
    """An exclusion or a dissolution says why, to those it concerns; the reason without surrounding blanks."""
    if not reason.strip():
        raise BadInput({"reason": [N_("Dites pourquoi : les établissements concernés liront ce motif.")]})
    return reason.strip()


def notice_days(exit_notice_days: int, grappe_status: str) -> int:
    """Days of notice: the charter's once the grappe is active; none while it is forming, nothing being bought yet."""
    return exit_notice_days if grappe_status == "active" else 0


def leaving_day(today: date, notice: int) -> date:
    """The Paris day on which a notice of so many days, given today, takes effect."""
    return today + timedelta(days=notice)


def is_due(leaves_on: date, today: date) -> bool:
    """Whether a notice is over."""
    return leaves_on <= today
