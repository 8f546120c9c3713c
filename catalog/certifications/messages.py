"""What certificates say in notifications: one wording per event, registered by code."""
from marketplace.notifications.templates import register
from marketplace.platform.errors import N_

_PAGE = "/certificats"


def register_all() -> None:
    """Declare the wordings; repeating it changes nothing."""
    register(
        "certificate_verify",
        N_("Certificat vérifié : {scheme}"),
        N_("Votre certificat {scheme} n° {number} est vérifié. Il compte dès maintenant, jusqu'au {ends_on}."),
        link=_PAGE,
    )
    register(
        "certificate_reject",
        N_("Certificat refusé : {scheme}"),
        N_(
            "Votre certificat {scheme} n° {number} est refusé : {reason} Il ne compte pas. Corrigez ce qui manque et "
            "déclarez-le à nouveau, avec sa preuve."
        ),
        link=_PAGE,
    )
    register(
        "certificate_suspend",
        N_("Certificat suspendu : {scheme}"),
        N_(
            "Votre certificat {scheme} n° {number} est suspendu : {reason} Vous n'êtes plus proposé sur les lots qui "
            "l'exigent tant que la suspension dure."
        ),
        link=_PAGE,
    )
    register(
        "certificate_reinstate",
        N_("Suspension levée : {scheme}"),
        N_("La suspension de votre certificat {scheme} n° {number} est levée. Il compte à nouveau, jusqu'au {ends_on}."),
        link=_PAGE,
    )
    register(
        "certificate_withdraw",
        N_("Certificat retiré : {scheme}"),
        N_(
            "Votre certificat {scheme} n° {number} est retiré : {reason} Il ne compte plus. Si vous en tenez un autre, "
            "déclarez-le avec sa preuve."
        ),
        link=_PAGE,
    )
