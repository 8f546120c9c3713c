"""My notifications over HTTP and on their page."""
from marketplace.notifications import templates
from tests.factories import accounts as make
from tests.factories import notifications as told

templates.register("test.http", "Lot « {lot} » clos", "Le minimum est atteint.", link="/lots/{lot}")


def _tell(user, *lots):
    return [told.NotificationFactory(user_id=user.id, template="test.http", values={"lot": lot}) for lot in lots]


def test_the_list_is_mine_newest_first_and_paged(api):
    reader = make.user_in()
    _tell(reader, "A", "B", "C")
    _tell(make.user_in(), "D")
    first = api(reader).get("/api/v1/notifications?limit=2").json
    assert [item["subject"] for item in first["items"]] == ["Lot « C » clos", "Lot « B » clos"]
    rest = api(reader).get(f"/api/v1/notifications?limit=2&cursor={first['next']}").json
    assert [item["link"] for item in rest["items"]] == ["/lots/A"] and rest["next"] is None


def test_reading_one_and_all(api):
    reader = make.user_in()
    rows = _tell(reader, "A", "B", "C")
    client = api(reader)
    assert client.put(f"/api/v1/notifications/{rows[0].id}/reading").json["read_at"]
    assert len(client.get("/api/v1/notifications?unread=true").json["items"]) == 2
    assert client.post("/api/v1/notifications/reading").json == {"marked": 2}
    assert client.get("/api/v1/notifications?unread=true").json["items"] == []


def test_somebody_elses_is_not_found_and_a_reading_token_changes_nothing(api):
    reader = make.user_in()
    row = _tell(reader, "A")[0]
    assert api(make.user_in()).put(f"/api/v1/notifications/{row.id}/reading").status_code == 404
    assert api(reader, scopes=("read",)).put(f"/api/v1/notifications/{row.id}/reading").status_code == 403
    assert api(None).get("/api/v1/notifications").status_code == 401


def test_mail_can_be_declined_and_wanted_again(api):
    client = api(make.user_in())
    assert client.get("/api/v1/notifications/preferences").json == {"by_email": True}
    assert client.put("/api/v1/notifications/preferences", json={"by_email": False}).status_code == 200
    assert client.get("/api/v1/notifications/preferences").json == {"by_email": False}
    assert client.put("/api/v1/notifications/preferences", json={"by_email": True}).json == {"by_email": True}


def test_a_cursor_that_is_not_ours_is_refused(api):
    assert api(make.user_in()).get("/api/v1/notifications?cursor=abc").status_code == 422


def test_the_page_shows_reads_and_leads_on(sign_in):
    reader = make.user_in()
    rows = _tell(reader, "A", "B")
    browser = sign_in(reader)
    page = browser.get("/notifications").text
    assert "Non lus : 2" in page and "Lot « B » clos" in page
    opened = browser.post(f"/notifications/{rows[1].id}")
    assert opened.status_code == 302 and opened.location == "/lots/B"
    assert "Non lus : 1" in browser.get("/notifications").text
    assert browser.post("/notifications/lecture", follow_redirects=True).text.count("Non lus : 0") == 1


def test_the_page_offers_mail_or_none(sign_in):
    browser = sign_in(make.user_in())
    declined = browser.post("/notifications/preferences", data={"by_email": "0"}, follow_redirects=True).text
    assert "aucun courrier électronique ne vous est envoyé" in declined
    wanted = browser.post("/notifications/preferences", data={"by_email": "1"}, follow_redirects=True).text
    assert "vous sont aussi envoyés" in wanted


def test_the_list_costs_the_same_for_few_and_many(sign_in, count_queries):
    reader = make.user_in()
    _tell(reader, "A")
    browser = sign_in(reader)
    browser.get("/notifications")
    with count_queries() as few:
        browser.get("/notifications")
    _tell(reader, *"BCDEFGHIJ")
    with count_queries() as many:
        browser.get("/notifications")
    assert len(few) == len(many)
