"""The settings pages of segmentation over time: a day to come, who would move, rolling back, what is set by hand."""

from datetime import date

import pytest

from accounts import selectors as accounts
from accounts import services
from accounts.models import Account, SegmentationRules, SegmentOverride
from cs_platform.tenancy.scope import tenant_scope
from tests.cast import NOW, sign_in
from tests.workspace.world import TEST, form_of, fresh, get, make_account, text, url

pytestmark = pytest.mark.django_db
RULES = [
    {"when": {"field": "developers", "op": "gte", "value": 1000}, "segment": "Large", "label": "large"},
    {"when": {"all": []}, "segment": "Rest", "label": "rest"},
]
INDEX = "/settings/segmentation/"


@pytest.fixture(autouse=True)
def _at_nine(clock_at):
    clock_at(NOW)


@pytest.fixture
def leader(client, tess):
    return sign_in(client, tess)


@pytest.fixture
def draft(acme):
    with tenant_scope(acme):
        return services.save_segmentation_draft(RULES, "Two", actor=TEST, now=NOW)


def page_of(version):
    return f"{INDEX}{version.pk}/"


def live(version):
    with tenant_scope(version.tenant_id):
        return SegmentationRules.objects.get(pk=version.pk)


class TestWhoWouldMove:
    @pytest.fixture(autouse=True)
    def _book(self, acme):
        make_account(acme, "Alpha", developers=10)
        make_account(acme, "=Omega", developers=5000)

    def test_as_a_table_by_name_and_the_difference_in_words(self, leader, draft):
        page = text(leader.get(page_of(draft)))
        for words in ("SMB", "Strategic", "Large", "Rest", "2 of 2 accounts get", "What is different from version 1"):
            assert words in page

    def test_one_cell_of_the_table(self, leader, draft):
        page = text(leader.get(page_of(draft) + "?from=SMB&to=Rest"))
        assert "From SMB to Rest" in page and "Alpha" in page and "=Omega" not in page

    def test_as_a_file_that_a_spreadsheet_does_not_run(self, leader, draft):
        answer = leader.get(page_of(draft) + "movers.csv")
        assert answer["Content-Type"].startswith("text/csv")
        lines = b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()
        assert lines[0].startswith("account_id,name,from_segment")
        assert len(lines) == 3 and ",'=Omega,Strategic," in lines[1] + lines[2]
        one = leader.get(page_of(draft) + "movers.csv?from=SMB&to=Rest")
        assert len(b"".join(one.streaming_content).decode().splitlines()) == 2


class TestFromADay:
    def test_scheduled_taken_back_and_published(self, leader, acme, draft):
        done = leader.post(page_of(draft) + "publish/", {"effective_on": "2026-12-01"}, follow=True)
        assert "counts from 1 Dec 2026" in text(done) and "From a day to come" in text(done)
        assert live(draft).state == "scheduled"
        back = leader.post(page_of(draft) + "unschedule/", follow=True)
        assert "is a draft again" in text(back)
        leader.post(page_of(draft) + "publish/")
        assert live(draft).state == "published"

    @pytest.mark.parametrize("day", ["nonsense", "2020-01-01"])
    def test_a_bad_day_is_said(self, leader, draft, day):
        answer = leader.post(page_of(draft) + "publish/", {"effective_on": day})
        assert answer.status_code == 422
        assert live(draft).state == "draft"


class TestRollingBack:
    def test_with_what_it_would_do_and_twice_is_once(self, leader, acme, draft):
        account = make_account(acme, developers=10)
        first = accounts_in_force(acme)
        leader.post(page_of(draft) + "publish/")
        assert fresh(account).segment == "Rest"
        page = text(leader.get(page_of(first)))
        assert "Roll back to this version" in page and "Who would move if it counted again" in page
        for _ in range(2):
            leader.post(page_of(first) + "roll-back/")
        assert fresh(account).segment == "SMB"
        assert accounts_in_force(acme).number == 3

    def test_a_csm_may_not(self, client, ben, acme, draft):
        sign_in(client, ben)
        for verb in ("publish", "unschedule", "roll-back"):
            assert client.post(f"{page_of(draft)}{verb}/").status_code == 403


def accounts_in_force(tenant):
    with tenant_scope(tenant):
        return accounts.segmentation_in_force()


class TestSetByHand:
    def typed(self, form, member, **more):
        given = {"segment": "Strategic", "service_model": "", "reason": "Reference", "owner": str(member.pk)}
        return {**form, **given, "expires_on": "2026-12-24", **more}

    def test_from_the_account_to_the_report_to_the_end(self, leader, acme, tess):
        account = make_account(acme, developers=10)
        where = url(account, "override-segment")
        assert where in get(leader, url(account))
        done = leader.post(where, self.typed(form_of(leader.get(where)), tess), follow=True)
        assert "Set by hand until 24 Dec 2026" in text(done)
        assert fresh(account).segment == "Strategic"
        report = leader.get(INDEX + "overrides/")
        assert "Initech" in text(report) and "Reference" in text(report)
        with tenant_scope(acme):
            made = SegmentOverride.objects.get()
        leader.post(f"{INDEX}overrides/{made.pk}/end/")
        assert fresh(account).segment == "SMB"
        assert "The rules decide about every account" in text(leader.get(INDEX + "overrides/"))

    @pytest.mark.parametrize(
        "wrong",
        [{"reason": ""}, {"expires_on": "2020-01-01"}, {"expires_on": ""}, {"segment": ""}, {"segment": "Nonsense"}],
    )
    def test_what_is_wrong_is_said_at_the_field(self, leader, acme, tess, wrong):
        account = make_account(acme)
        where = url(account, "override-segment")
        answer = leader.post(where, self.typed(form_of(leader.get(where)), tess, **wrong))
        assert answer.status_code == 422
        assert 'aria-invalid="true"' in answer.content.decode()
        with tenant_scope(acme):
            assert not SegmentOverride.objects.exists()

    def test_who_may_and_whose_it_is(self, client, acme, ben, otto, tess):
        account = make_account(acme)
        with tenant_scope(acme):
            made = services.override_segment(
                Account.objects.get(pk=account.pk), segment="SMB", reason="x", owner=tess,
                expires_on=date(2026, 12, 24), actor=TEST, now=NOW,
            )  # fmt: skip
        sign_in(client, ben)
        assert client.get(url(account, "override-segment")).status_code == 403
        assert client.get(INDEX + "overrides/").status_code == 200
        assert client.post(f"{INDEX}overrides/{made.pk}/end/").status_code == 403
        sign_in(client, otto)
        assert client.post(f"{INDEX}overrides/{made.pk}/end/").status_code == 404
        assert "Initech" not in text(client.get(INDEX + "overrides/"))
