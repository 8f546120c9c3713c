"""What certificates say in notifications: one wording per event, registered by code."""
from marketplace.notifications.templates import register
from marketplace.platform.errors import N_

_PAGE = "/certificats"


def register_all() -> None:
    """Declare the wordings; repeating it changes nothing."""
    _register_decisions()
    _register_reminders()


def _register_decisions() -> None:
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


    register(
        "certificate_listed",
        N_("Certificat {scheme} repris d'une liste officielle"),
        N_(
            "Votre certificat {scheme} {number} figure sur la liste du {listed_on} : il est vérifié et compte jusqu'au "
            "{ends_on}. Si quelque chose est faux, écrivez à la plateforme."
        ),
        link=_PAGE,
    )


def _register_reminders() -> None:
    register(
        "certificate_ends",
        N_("Certificat {scheme} : il expire le {ends_on}"),
        N_(
            "Votre certificat {scheme} n° {number} expire le {ends_on}, dans {days} jours. Sans renouvellement vérifié à "
            "cette date, vous ne serez plus proposé sur les lots qui l'exigent. Déclarez le renouvellement avec sa preuve."
        ),
        link=_PAGE,
    )
    register(
        "certificate_ends_today",
        N_("Certificat {scheme} : dernier jour"),
        N_(
            "Votre certificat {scheme} n° {number} vaut jusqu'à ce soir, {ends_on}. Demain, vous ne serez plus proposé sur "
            "les lots qui l'exigent. Déclarez le renouvellement avec sa preuve."
        ),
        link=_PAGE,
    )
    register(
        "certificate_over",
        N_("Certificat {scheme} : il a expiré le {ends_on}"),
        N_(
            "Votre certificat {scheme} n° {number} a expiré le {ends_on}. Vous n'êtes plus proposé sur les lots qui "
            "l'exigent. Déclarez le renouvellement avec sa preuve."
        ),
        link=_PAGE,
    )
    register(
        "lot_relies_on_certificate",
        N_("Lot « {lot} » : un certificat {scheme} expire le {ends_on}"),
        N_(
            "Le certificat {scheme} de {provider} (n° {number}) expire le {ends_on}, avant la fin du marché, le "
            "{lot_ends_on}. Sans renouvellement vérifié, {provider} ne pourra plus répondre au lot « {lot} ». Demandez-lui "
            "où en est le renouvellement, ou regardez qui d'autre peut répondre."
        ),
        link="/lots/{lot_id}",
    )
    register(
        "contract_relies_on_certificate",
        N_("Marché « {lot} » : un certificat {scheme} expire le {ends_on}"),
        N_(
            "Le certificat {scheme} de {provider} (n° {number}) expire le {ends_on} ; le marché « {lot} » court jusqu'au "
            "{lot_ends_on}. Sans renouvellement vérifié à cette date, les nouvelles commandes seront suspendues. Demandez à "
            "{provider} où en est le renouvellement."
        ),
        link="/lots/{lot_id}",
    )
