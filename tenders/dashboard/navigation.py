"""The site map: every entry of the header, of the reader's own menu and of the footer, in order, in one table.

An entry appears once its endpoint exists, so a room adds its line here before or after its page.
"""

from marketplace.platform.errors import N_
from marketplace.platform.navigation import AUDIENCES, Entry

EVERYBODY = frozenset(AUDIENCES)
SIGNED_IN = EVERYBODY - {"public"}
CARE, PROVIDER, CENTRE, AUTHORITY, OPERATOR, PUBLIC = (
    frozenset({kind}) for kind in ("care_operator", "provider", "purchasing_centre", "authority", "platform", "public")
)

SITE_MAP = (
    Entry(N_("Accueil"), "dashboard_pages.home", EVERYBODY),
    Entry(N_("Comment ça marche"), "dashboard_pages.how_it_works", PUBLIC),
    Entry(N_("Mes sites"), "establishments_pages.list_establishments", CARE, section="/etablissements",
          values=(("mine", "1"),)),
    Entry(N_("Mes grappes"), "grappes_pages.list_grappes", CARE, section="/grappes"),
    Entry(N_("Achats groupés"), "dashboard_pages.list_lots", PUBLIC | CARE | AUTHORITY, section="/lots"),
    Entry(N_("Lots ouverts"), "dashboard_pages.list_lots", PROVIDER, section="/lots"),
    Entry(N_("Marchés et lots"), "vehicles_pages.list_vehicles", CENTRE, section="/marches"),
    Entry(N_("Recueil des besoins"), "dashboard_pages.list_lots", CENTRE, section="/lots"),
    Entry(N_("Pilotage"), "control_room_pages.show_room", CENTRE, section="/centre"),
    Entry(N_("Études"), "studies_pages.list_studies", CENTRE, section="/etudes"),
    Entry(N_("Trouver un achat groupé"), "own_studies_pages.for_my_site", CARE, section="/etudes"),
    Entry(N_("Commandes"), "ordering_pages.show_desk", CARE, section="/commandes"),
    Entry(N_("Commandes"), "execution_pages.show_book", PROVIDER, section="/carnet-de-commandes"),
    Entry(N_("Exécution"), "execution_pages.list_consumption", CENTRE, section="/execution"),
    Entry(N_("Contrats"), "contracts_pages.list_contracts", CENTRE | CARE | PROVIDER, section="/contrats"),
    Entry(N_("Grappes"), "grappes_pages.list_grappes", CENTRE | AUTHORITY, section="/grappes"),
    Entry(N_("Établissements"), "establishments_pages.list_establishments", CENTRE | AUTHORITY | OPERATOR,
          section="/etablissements"),
    Entry(N_("Mon catalogue"), "offers_pages.list_offers", PROVIDER, section="/mon-catalogue"),
    Entry(N_("Offres"), "search_pages.search", EVERYBODY - OPERATOR, section="/offres"),
    Entry(N_("Prestataires"), "providers_pages.list_providers", EVERYBODY - PROVIDER, section="/prestataires"),
    Entry(N_("Ma fiche"), "profiles_pages.own_profile", PROVIDER, section="/prestataires"),
    Entry(N_("Certificats"), "certifications_pages.list_certificates", PROVIDER | OPERATOR, section="/certificats"),
    Entry(N_("Contacts"), "contacts_pages.list_exchanges", PROVIDER, section="/contacts"),
    Entry(N_("Factures"), "invoicing_pages.list_invoices", CARE | PROVIDER | CENTRE, section="/factures"),
    Entry(N_("Référentiels"), "establishments_pages.reference_data", OPERATOR, section="/etablissements/referentiels"),
    Entry(N_("Rapprochements"), "billing_pages.list_reconciliations", OPERATOR, section="/facturation/rapprochements"),
    Entry(N_("Ma formule"), "billing_pages.show_plan", PROVIDER, "account", section="/facturation/formule"),
    Entry(N_("Frais à payer"), "billing_pages.list_owed", CARE | PROVIDER, "account", section="/facturation/a-payer"),
    Entry(N_("Frais à recevoir"), "billing_pages.list_earned", CENTRE | OPERATOR, "account",
          section="/facturation/a-recevoir"),
    Entry(N_("Schémas de certificats"), "certification_references_pages.list_schemes", OPERATOR,
          section="/referentiels/certificats"),
    Entry(N_("Seuils des avenants"), "amendment_thresholds_pages.show_thresholds", OPERATOR,
          section="/referentiels/seuils-des-avenants"),
    Entry(N_("Listes officielles"), "certification_references_pages.list_lists", OPERATOR, section="/listes-officielles"),
    Entry(N_("Mon compte"), "accounts_pages.account", SIGNED_IN, "account"),
    Entry(N_("Notifications"), "notifications_pages.list_notifications", SIGNED_IN, "account"),
    Entry(N_("Mes échanges"), "contacts_pages.list_exchanges", CARE | CENTRE, "account"),
    Entry(N_("Mon calendrier"), "calendar_pages.show_calendar", CARE | CENTRE, "account"),
    Entry(N_("Jetons d'API"), "accounts_pages.tokens", SIGNED_IN, "account"),
    Entry(N_("Comment ça marche"), "dashboard_pages.how_it_works", EVERYBODY, "footer"),
    Entry(N_("Accessibilité"), "dashboard_pages.accessibility", EVERYBODY, "footer"),
    Entry(N_("Courrier de démonstration"), "mailbox_pages.list_mails", EVERYBODY, "footer"),
    Entry(N_("API"), "api_page", EVERYBODY, "footer"),
)  # fmt: skip
