"""What exchanges say in notifications: facts and a link; the words themselves are read on the site."""
from marketplace.notifications.templates import register
from marketplace.platform.errors import N_

_PAGE = "/contacts/{thread_id}"


def register_all() -> None:
    """Declare the wordings; repeating it changes nothing."""
    register(
        "contact_ask",
        N_("{asker} vous demande un échange : {subject}"),
        N_(
            "{asker} propose {days}. Acceptez un jour, proposez-en d'autres ou refusez avec une raison : sans réponse, la "
            "demande reste ouverte et l'acheteur le voit."
        ),
        link=_PAGE,
    )
    register(
        "contact_write",
        N_("Nouveau message de {writer} : {subject}"),
        N_("{writer} vous a écrit à propos de « {subject} ». Lisez le message et répondez depuis l'échange."),
        link=_PAGE,
    )
    register(
        "contact_propose",
        N_("{writer} propose d'autres jours : {subject}"),
        N_("Pour « {subject} », {writer} propose {days}. Acceptez un jour, ou proposez-en d'autres."),
        link=_PAGE,
    )
    register(
        "contact_accept",
        N_("Échange fixé au {days} : {subject}"),
        N_("{writer} a accepté le {days} pour « {subject} ». Convenez de l'heure par message, dans l'échange."),
        link=_PAGE,
    )
    register(
        "contact_decline",
        N_("{writer} ne donne pas suite : {subject}"),
        N_(
            "{writer} ne donne pas suite à « {subject} ». Sa raison est dans l'échange ; l'annuaire en propose d'autres."
        ),
        link=_PAGE,
    )
    register(
        "contact_close",
        N_("Échange clos : {subject}"),
        N_("{writer} a clos l'échange « {subject} ». Il reste lisible ; pour reprendre, ouvrez une nouvelle demande."),
        link=_PAGE,
    )
