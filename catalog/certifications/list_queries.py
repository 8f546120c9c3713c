"""What taking a published list over would do, row by row, beside the providers and certificates that are here."""
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from catalog.certifications import queries
from catalog.certifications.list_places import places_declared
from catalog.certifications.models import Certificate, CertificateList, CertificateSite
from catalog.certifications.rules import declaration, lists
from catalog.certifications.rules.states import Scheme, state_on
from catalog.providers import rules as provider_rules
from catalog.providers.countries import COUNTRIES, EEA
from catalog.providers.models import HostingSite, Provider
from marketplace.accounts.models import Organisation
from marketplace.platform import clock
from marketplace.platform.errors import N_, NotFound, RuleBroken, Sentence
from marketplace.platform.i18n import say, say_in
from marketplace.platform.pagination import USUAL_PAGE, paginate
from marketplace.platform.permissions import Actor, require

REPEATED = N_("Cette ligne répète la ligne {line}.")
SITES_TOO_MANY = N_(
    "Ce prestataire aurait {count} sites d'hébergement, {most} au plus : demandez-lui de retirer ceux qui n'ont plus cours."
)
PARTNERS_TOO_MANY = N_(
    "Ce prestataire aurait {count} sous-traitants, {most} au plus : demandez-lui de retirer ceux qui n'ont plus cours."
)
_SITES = select(CertificateSite.certificate_id, HostingSite.name, HostingSite.address, HostingSite.country).join(
    HostingSite, HostingSite.id == CertificateSite.site_id
)


@dataclass(frozen=True)
class PreviewRow:
    """One row of the list and what becomes of it. `outcome` is one of rules.lists.OUTCOMES.

    `proposed`: the provider was found by its name alone, and counts once confirmed; `after` is then what it would be.
    """

    line: int
    name: str
    outcome: str
    listed: lists.ListedRow | None = None
    provider: Provider | None = None
    certificate_id: UUID | None = None
    faults: tuple[Sentence, ...] = ()
    after: str = ""

    @property
    def adds(self) -> bool:
        """Whether a certificate is new."""
        return "added" in (self.outcome, self.after)

    @property
    def verifies(self) -> bool:
        """Whether a certificate that its provider declared becomes verified."""
        return "verified" in (self.outcome, self.after)

    def counts_with(self, confirmed: Collection[int]) -> bool:
        """Whether the row is written when these lines are confirmed."""
        return self.outcome in ("added", "verified", "known") or (self.outcome == "proposed" and self.line in confirmed)


@dataclass(frozen=True)
class Preview:
    """Every row, in the list's order."""

    rows: tuple[PreviewRow, ...]

    def of(self, outcome: str) -> list[PreviewRow]:
        """The rows of one outcome."""
        return [row for row in self.rows if row.outcome == outcome]

    @property
    def bad(self) -> list[PreviewRow]:
        """Rows that cannot be taken over."""
        return self.of(lists.BAD)

    def counts(self, confirmed: Collection[int] = ()) -> dict[str, int]:
        """How many rows by what is written: confirmed proposals count with what they become."""
        found = dict.fromkeys(lists.OUTCOMES, 0)
        for row in self.rows:
            found[row.after if row.outcome == "proposed" and row.line in confirmed else row.outcome] += 1
        return found


def get_list(session: Session, actor: Actor, list_id: UUID) -> CertificateList:
    """A list that was sent; NotFound for whoever is not the operator."""
    kept = session.get(CertificateList, list_id) if actor.is_operator or actor.is_system else None
    if kept is None:
        raise NotFound("certificate_list")
    return kept


def list_lists(session: Session, actor: Actor) -> list[CertificateList]:
    """The last lists that were sent, newest first."""
    require(actor, "certificate_list.import")
    return list(session.scalars(select(CertificateList).order_by(CertificateList.id.desc()).limit(USUAL_PAGE)))


def list_missing(session: Session, *, limit: int = USUAL_PAGE, cursor: str | None = None) -> dict[str, Any]:
    """A page of (certificate, provider, day of the list) that a newer list no longer names, oldest first."""
    statement = (
        select(Certificate, Provider)
        .join(Provider, Provider.id == Certificate.provider_id)
        .where(Certificate.missing_since.is_not(None), Certificate.withdrawn_at.is_(None))
    )
    return paginate(session, statement, [Certificate.missing_since, Certificate.id], limit=limit, cursor=cursor)


def country_words() -> dict[str, str]:
    """What a country may be called in a list, in lower case: its ISO code, its French and its English name."""
    named = [(code, name) for code, name in COUNTRIES.items() if code != "ZZ"]
    return {word.casefold(): code for code, name in named for word in (code, say_in("fr", name), say_in("en", name))}


def preview(session: Session, kept: CertificateList, locale: str) -> Preview:
    """What taking the list over would do today; eight statements at most, whatever its length."""
    scheme = queries.list_schemes(session, locale)[kept.scheme]
    read = lists.read_list(
        kept.rows, kept.mapping, scheme, version=kept.default_version, listed_on=kept.listed_on,
        countries=country_words(),
    )
    known = _Known.load(session, scheme)
    rows: list[PreviewRow] = []
    first_line: dict[tuple[Any, ...], int] = {}
    for row in read:
        shown = known.outcome_of(row, scheme)
        key = _key(shown)
        if key is not None and key in first_line:
            shown = _bad(row, Sentence("list_row_repeated", REPEATED, {"line": first_line[key]}))
        elif key is not None:
            first_line[key] = row.line
        rows.append(shown)
    return Preview(tuple(_within_limits(session, rows)))


def _within_limits(session: Session, rows: Sequence[PreviewRow]) -> list[PreviewRow]:
    """The same rows; bad those that would leave a provider with more sites or subcontractors than it may declare.

    Proposals count as if all of them were confirmed.
    """
    declared = places_declared(session, {row.provider.id for row in rows if row.provider and (row.adds or row.verifies)})
    kept = []
    for row in rows:
        shown = row
        if row.provider is not None and row.listed is not None and (row.adds or row.verifies):
            sites, partners = declared[row.provider.id]
            new_sites = lists.site_keys(row.listed).difference(sites)
            new_partners = lists.partner_keys(row.listed).difference(partners)
            fault = _too_many(len(sites), len(new_sites), len(partners), len(new_partners))
            if fault is None:
                sites += new_sites
                partners += new_partners
            else:
                shown = replace(_bad(row.listed, fault), certificate_id=row.certificate_id)
        kept.append(shown)
    return kept


def _too_many(sites: int, new_sites: int, partners: int, new_partners: int) -> Sentence | None:
    """What there would be too many of; what is declared already is no fault of a row that adds nothing."""
    most = provider_rules.MOST_DECLARED
    if new_sites and sites + new_sites > most:
        return Sentence("list_sites_too_many", SITES_TOO_MANY, {"count": sites + new_sites, "most": most})
    if new_partners and partners + new_partners > most:
        values = {"count": partners + new_partners, "most": most}
        return Sentence("list_subcontractors_too_many", PARTNERS_TOO_MANY, values)
    return None


def _key(row: PreviewRow) -> tuple[Any, ...] | None:
    """What two rows about the same certificate share."""
    if row.listed is None or row.provider is None or row.outcome == lists.BAD:
        return None
    return row.provider.id, lists.fold(row.listed.number) or row.listed.valid_until


def _bad(row: lists.ListedRow | lists.BadRow, *faults: Sentence) -> PreviewRow:
    return PreviewRow(row.line, row.name, lists.BAD, faults=faults)


@dataclass(frozen=True)
class _Known:
    """Providers by SIREN and by name, and their certificates of the scheme."""

    by_siren: Mapping[str, Provider]
    by_name: Mapping[str, Sequence[Provider]]
    with_siren: Collection[UUID]
    certificates: Mapping[UUID, Sequence[lists.Held]]

    @classmethod
    def load(cls, session: Session, scheme: Scheme) -> "_Known":
        by_siren: dict[str, Provider] = {}
        by_name: dict[str, list[Provider]] = {}
        rows = session.execute(
            select(Provider, Organisation.siren)
            .join(Organisation, Organisation.id == Provider.organisation_id)
            .where(Provider.refused_at.is_(None))
        )
        for provider, siren in rows:
            by_name.setdefault(lists.company_key(provider.name), []).append(provider)
            if siren:
                by_siren[siren] = provider
        certificates: dict[UUID, list[lists.Held]] = {}
        sites: dict[UUID, list[lists.PlaceKey]] = {}
        for certificate_id, *place in session.execute(_SITES) if scheme.names_sites else ():
            sites.setdefault(certificate_id, []).append(lists.place_key(*place))
        own = select(Certificate).where(Certificate.scheme == scheme.code, Certificate.subcontractor_id.is_(None))
        for one in session.scalars(own):
            named = frozenset(sites.get(one.id, ()))
            state = state_on(queries.held(one, {scheme.code: scheme}), clock.today())
            certificates.setdefault(one.provider_id, []).append(
                lists.Held(
                    str(one.id), one.number, one.valid_from, one.valid_until, state, one.version,
                    frozenset(one.activities), one.level, named,
                )
            )
        return cls(by_siren, by_name, {provider.id for provider in by_siren.values()}, certificates)

    def outcome_of(self, row: lists.ListedRow | lists.BadRow, scheme: Scheme) -> PreviewRow:
        """What becomes of a row."""
        if isinstance(row, lists.BadRow):
            return _bad(row, *row.faults)
        provider, by_name_alone = self._provider_of(row)
        if provider is None:
            return PreviewRow(row.line, row.name or row.siren, "unmatched", row)
        outcome, held = lists.same_certificate(row, self.certificates.get(provider.id, ()))
        if outcome == lists.BAD and held is not None:
            return replace(_bad(row, lists.contradiction(row, held)), certificate_id=UUID(held.key))
        certificate_id = UUID(held.key) if held else None
        refused = _refused(row, scheme, held) if outcome in ("added", "verified") else None
        if refused is not None:
            return replace(_bad(row, refused), certificate_id=certificate_id)
        if by_name_alone:
            return PreviewRow(row.line, row.name, "proposed", row, provider, certificate_id, after=outcome)
        return PreviewRow(row.line, row.name or provider.name, outcome, row, provider, certificate_id)

    def _provider_of(self, row: lists.ListedRow) -> tuple[Provider | None, bool]:
        """The provider and whether its name alone tells; a SIREN that is another company's never matches by name."""
        if row.siren and row.siren in self.by_siren:
            return self.by_siren[row.siren], False
        named = self.by_name.get(lists.company_key(row.name), ()) if row.name else ()
        own = [provider for provider in named if not row.siren or provider.id not in self.with_siren]
        return (own[0], True) if len(own) == 1 else (None, False)


def _refused(row: lists.ListedRow, scheme: Scheme, held: lists.Held | None) -> Sentence | None:
    """Why this row, or the declaration it would verify with its sites, can never be a certificate; None when it can."""
    starts = held.valid_from if held else row.valid_from
    countries = {say(COUNTRIES[site.country]): site.country in EEA for site in row.sites or ()}
    declared = declaration.Declared(row.version, row.activities, starts, row.valid_until, countries)
    try:
        declaration.check_declaration(scheme, declared)
    except RuleBroken as broken:
        return broken.sentence
    return None
