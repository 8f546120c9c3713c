"""Adhering to a vehicle by its convention: who may, under which text, once; ended with a reason; what ordering asks."""

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from marketplace.accounts.models import Organisation
from marketplace.accounts.queries import get_actor
from marketplace.platform import clock
from marketplace.platform.audit.models import AuditEvent
from marketplace.platform.errors import BadInput, DomainError, NotAllowed, NotFound
from marketplace.platform.files import read_upload
from tenders.contracts.adhesions import queries
from tenders.contracts.adhesions.convention import fingerprint
from tenders.contracts.adhesions.services import adhere, end_adhesion
from tenders.contracts.ordering.services.placing import place_call_offs
from tenders.contracts.ordering.steps import Ask
from tenders.vehicles.models import Vehicle
from tests.factories.accounts import user_in
from tests.factories.contracts import active_contract, running_vehicle
from tests.factories.demand import clinic
from tests.factories.vehicles import VehicleFactory

PDF = read_upload("convention.pdf", b"%PDF-1.7 fictif")


def code_of(call, *args, **facts):
    with pytest.raises(DomainError) as refusal:
        call(*args, **facts)
    return refusal.value.code


def shown(session, vehicle, organisation_id):
    return queries.convention_for(session, vehicle, organisation_id).sha256


def signed(session, vehicle, site, actor, **facts):
    sha256 = shown(session, vehicle, site.organisation_id)
    return adhere(actor, vehicle.id, site.organisation_id, convention_sha256=sha256, **facts)


def test_a_signatory_adheres_once_under_the_text_it_read(session, files_folder):
    vehicle, (site, actor) = running_vehicle(), clinic()
    adhesion, is_new = signed(session, vehicle, site, actor, upload=PDF)
    assert is_new and adhesion.signed_file.sha256 == PDF.sha256
    assert fingerprint(adhesion.convention_text) == adhesion.convention_sha256
    again, is_new = signed(session, vehicle, site, actor)
    assert (again.id, is_new) == (adhesion.id, False)
    recorded = select(AuditEvent.action).where(AuditEvent.subject_id == str(adhesion.id))
    assert session.scalars(recorded).all() == ["adhesion.signed"]
    assert queries.adhering(session, [vehicle.id]) == {(vehicle.id, site.organisation_id)}


def test_who_may_not_adhere(session):
    vehicle, (site, _actor) = running_vehicle(), clinic()
    buyer = get_actor(session, clinic(("buyer",))[1].user_id)
    own = next(iter(buyer.organisation_ids()))
    sha256 = shown(session, vehicle, own)
    with pytest.raises(NotAllowed):
        adhere(buyer, vehicle.id, own, convention_sha256=sha256)
    with pytest.raises(NotFound):
        adhere(clinic()[1], vehicle.id, site.organisation_id, convention_sha256=sha256)


def test_what_refuses_a_signature(session, files_folder):
    vehicle, (site, actor) = running_vehicle(), clinic()
    own = site.organisation_id
    assert code_of(adhere, actor, vehicle.id, own, convention_sha256="0" * 64) == "convention_changed"
    text_file = read_upload("convention.png", b"\x89PNG\r\n\x1a\n")
    with pytest.raises(BadInput):
        signed(session, vehicle, site, actor, upload=text_file)
    over = VehicleFactory(opened_at=clock.now(), cancelled_at=clock.now(), cancellation_reason="Abandon")
    assert code_of(signed, session, over, site, actor) == "vehicle_takes_no_adhesion"


def test_an_adhesion_ends_with_its_reason_and_may_start_again(session):
    vehicle, (site, actor) = running_vehicle(), clinic()
    adhesion, _ = signed(session, vehicle, site, actor)
    with pytest.raises(NotFound):
        end_adhesion(clinic()[1], adhesion.id, "Curiosité")
    ended = end_adhesion(actor, adhesion.id, "Fusion")
    assert (ended.end_reason, ended.ended_by) == ("Fusion", actor.user_id)
    assert code_of(end_adhesion, actor, adhesion.id, "Encore") == "adhesion_ended"
    again, is_new = signed(session, vehicle, site, actor)
    assert is_new and again.id != adhesion.id


def test_the_centre_ends_an_adhesion_and_both_are_told(session):
    vehicle, (site, actor) = running_vehicle(), clinic()
    centre = user_in(vehicle_centre(session, vehicle), ("admin", "signatory"))
    adhesion, _ = signed(session, vehicle, site, actor)
    end_adhesion(get_actor(session, centre.id), adhesion.id, "Liquidation")
    told = session.scalars(text("SELECT payload FROM outbox WHERE payload ->> 'template' = 'adhesion_ended'")).all()
    assert [set(each["organisation_ids"]) for each in told] == [{str(site.organisation_id), str(vehicle.organisation_id)}]
    assert told[0]["values"]["reason"] == "Liquidation"
    buyer = user_in(vehicle_centre(session, vehicle), ("buyer",))
    assert code_of(end_adhesion, get_actor(session, buyer.id), adhesion.id, "Non") == "not_allowed"


def vehicle_centre(session, vehicle):
    return session.get_one(Organisation, vehicle.organisation_id)


@pytest.mark.parametrize("change", ["convention_text = 'autre'", "signed_at = now()", "convention_sha256 = repeat('0', 64)"])
def test_what_was_signed_never_changes(session, change):
    vehicle, (site, actor) = running_vehicle(), clinic()
    signed(session, vehicle, site, actor)
    with pytest.raises(IntegrityError, match="what was signed does not change"):
        session.execute(text(f"UPDATE adhesions SET {change}"))


def test_an_end_is_not_taken_back(session):
    vehicle, (site, actor) = running_vehicle(), clinic()
    end_adhesion(actor, signed(session, vehicle, site, actor)[0].id, "Fusion")
    with pytest.raises(IntegrityError, match="what was signed does not change"):
        session.execute(text("UPDATE adhesions SET ended_at = NULL, end_reason = NULL"))


def test_ordering_waits_for_the_convention_only_where_it_is_required(session):
    running = active_contract()
    site, actor = running.members[0]
    asks = [Ask("1", site.id, running.lot.id, 10, clock.today())]
    assert len(place_call_offs(actor, asks)) == 1
    vehicle = session.get_one(Vehicle, running.lot.vehicle_id)
    vehicle.requires_convention = True
    session.commit()  # a refusal rolls back what is not
    assert code_of(place_call_offs, actor, asks) == "adhesion_required"
    adhesion, _ = signed(session, vehicle, site, actor)
    assert len(place_call_offs(actor, asks)) == 1
    end_adhesion(actor, adhesion.id, "Départ")
    assert code_of(place_call_offs, actor, asks) == "adhesion_required"


def test_a_contract_counts_the_organisations_that_adhered(session):
    running = active_contract()
    site, actor = running.members[0]
    vehicle = session.get_one(Vehicle, running.lot.vehicle_id)
    signed(session, vehicle, site, actor)
    found = queries.standing_on(session, actor, running.contract.id, vehicle.id)
    assert (found.organisations, found.adhering, found.lacking) == (2, 1, 1)
    assert [adheres for _, adheres in found.own] == [True]
