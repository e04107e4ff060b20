"""Pairs of things that must not meet badly, many rounds each. `python -m tests.faults.races --rounds 500` is longer."""

import os
import random
from urllib.parse import urlsplit

import pytest
from django.test import Client

from accounts import services as accounts
from accounts.models import Account
from cs_platform import ledger
from cs_platform.ledger.models import AuditRow
from cs_platform.people import services as people
from cs_platform.people.models import Membership
from cs_platform.tenancy.scope import tenant_scope
from lifecycle.models import AccountLifecycle, StageInterval
from tests.cast import NOW, Api, make_key, make_member, sign_in
from tests.house.isolation import forms
from tests.house.racing import at_once

ROUNDS = int(os.environ.get("CS_RACE_ROUNDS", "6"))
SEED = int(os.environ.get("CS_RACE_SEED", "7"))
STAGES = ("0. Prospect", "1. Onboarding", "2. Adopting", "3. Nurturing", "4. Renewing")
ME = ledger.system("test")

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow, pytest.mark.xdist_group("races")]


@pytest.fixture
def chance():
    return random.Random(SEED)


@pytest.fixture
def rounds():
    return range(ROUNDS)


@pytest.fixture
def account(acme):
    return new_account(acme)


def new_account(tenant, **values):
    with tenant_scope(tenant):
        given = {"name": "Anvil", "support_level": "Named", "developers": 40, **values}
        made = accounts.create_account(given, actor=ME, now=NOW)
    ledger.drain(NOW)
    return made


def test_two_moves_of_one_account(acme, account, chance, rounds):
    """Each move that was accepted is one interval; they follow each other without a gap, and one is open."""
    programs = [Api(make_key(acme, "lifecycle:write", "lifecycle:read")) for _ in range(2)]
    accepted = 0
    for _ in rounds:
        wanted = [chance.choice(STAGES), chance.choice(STAGES)]
        path = f"/api/v1/accounts/{account.pk}/stages/move/"

        def move(program, stage, path=path):
            body = {"lifecycle": "customer", "stage": stage, "reason": "A race."}
            return program.post(path, body).status_code

        answers = at_once(*(lambda p=p, s=s: move(p, s) for p, s in zip(programs, wanted, strict=True)))
        assert set(answers) <= {200, 201, 409}, answers
        accepted += sum(1 for answer in answers if answer in (200, 201))
        with tenant_scope(acme):
            line = list(StageInterval.objects.filter(account=account).order_by("entered_at", "id"))
            standing = AccountLifecycle.objects.get(account=account)
        assert [interval.left_at is None for interval in line].count(True) == 1 and line[-1].left_at is None
        assert all(one.left_at == next_.entered_at for one, next_ in zip(line, line[1:], strict=False))
        assert line[-1].stage_id == standing.stage
        assert all(one.stage_id != next_.stage_id for one, next_ in zip(line, line[1:], strict=False))
    assert accepted >= ROUNDS / 3


def test_a_sync_and_an_edit(acme, account, chance, rounds):
    """Both changed other fields: both are there, each with its audit, and the segment is that of what is there."""
    program = Api(make_key(acme, "accounts:write", "accounts:read"))
    with tenant_scope(acme):
        Account.objects.filter(pk=account.pk).update(external_id="a-1")
    for number in rounds:
        developers = chance.choice((10, 300, 900, 5000))

        def sync(developers=developers):
            with tenant_scope(acme):
                row = accounts.AccountInput({"developers": developers}, external_id="a-1")
                return accounts.upsert_accounts([row], actor=ledger.system("sync"), now=NOW)[0].result

        def edit(number=number):
            return program.patch(f"/api/v1/accounts/{account.pk}/", {"industry": f"Number {number}"}).status_code

        result, status = at_once(sync, edit)
        assert result in ("updated", "unchanged") and status == 200, (result, status)
        with tenant_scope(acme):
            now = Account.objects.get(pk=account.pk)
            edits = AuditRow.objects.filter(account_id=account.pk, verb="account.edit").order_by("-id")[:2]
            assert (now.industry, now.developers) == (f"Number {number}", developers)
            assert any("industry" in row.changes for row in edits)
            expected = accounts.upsert_accounts(
                [accounts.AccountInput({"developers": developers, "arr_minor": now.arr_minor}, external_id="a-1")],
                actor=ME,
                now=NOW,
            )
            assert expected[0].result == "unchanged"
            assert Account.objects.get(pk=account.pk).segment == now.segment != ""


def test_a_member_is_removed_while_they_act(acme, ana, account, rounds):
    """A request either counts whole, with its author in the audit, or does not count; after the removal none does."""
    for number in rounds:
        member = make_member(acme, f"leaver{number}", "csm")
        page = sign_in(Client(), member)
        path = f"/api/v1/accounts/{account.pk}/"

        def act(page=page, number=number, path=path):
            body = {"industry": f"by leaver {number}"}
            return page.patch(path, body, content_type="application/json").status_code

        def remove(member=member):
            with tenant_scope(acme):
                people.deactivate_member(member, by=ana, actor=ana.actor, now=NOW)
            return "removed"

        status, removed = at_once(act, remove)
        assert removed == "removed" and status in (200, 401, 403, 404), (status, removed)
        with tenant_scope(acme):
            changed = Account.objects.get(pk=account.pk).industry == f"by leaver {number}"
            rows = AuditRow.objects.filter(account_id=account.pk, call__actor_id=str(member.pk)).count()
        assert (status == 200) == changed == (rows == 1)
        assert act() in (401, 403, 404)


def test_a_right_is_taken_away_while_it_is_used(acme, ana, account, rounds):
    member = make_member(acme, "turner", "csm")
    for number in rounds:
        with tenant_scope(acme):
            member = Membership.objects.get(pk=member.pk)
            people.edit_roles(member, ["csm"], by=ana, actor=ana.actor, now=NOW)
        page = sign_in(Client(), member)

        def act(page=page, number=number):
            body = {"industry": f"by turner {number}"}
            path = f"/api/v1/accounts/{account.pk}/"
            return page.patch(path, body, content_type="application/json").status_code

        def take(member=member):
            with tenant_scope(acme):
                people.edit_roles(member, ["viewer"], by=ana, actor=ana.actor, now=NOW)

        status, _ = at_once(act, take)
        with tenant_scope(acme):
            changed = Account.objects.get(pk=account.pk).industry == f"by turner {number}"
        assert status in (200, 403) and (status == 200) == changed
        assert act() == 403


def test_every_button_of_an_account_clicked_twice(acme, ana, chance, rounds):
    """The same click from two requests at once: each verb of the page leaves at most one entry in the audit."""
    page = sign_in(Client(), ana)
    for number in rounds:
        account = new_account(acme, name=f"Clicked {number}")
        for form in buttons(page, account):
            click = {"click": f"{chance.random()}"}
            typed = dict(form.values()) | click
            with tenant_scope(acme):
                before = calls(account)
            clients = [sign_in(Client(), ana) for _ in range(2)]
            path = urlsplit(form.action).path
            answers = at_once(*(lambda c=c, p=path, t=typed: c.post(p, t).status_code for c in clients))
            assert all(isinstance(answer, int) and answer < 500 for answer in answers), (path, answers)
            with tenant_scope(acme):
                after = calls(account)
            twice = [verb for verb in after if after[verb] - before.get(verb, 0) > 1]
            assert not twice, (path, twice)


def buttons(page, account):
    read = forms.read(page.get(f"/accounts/{account.pk}/").content.decode(), f"/accounts/{account.pk}/")
    links = {f"/accounts/{account.pk}/{verb}/" for verb in ("edit", "move-stage", "set-support-level", "assign-owner")}
    found = [form for form in read.forms if form.method == "post" and str(account.pk) in form.action]
    for link in sorted(links):
        answer = page.get(link)
        if answer.status_code == 200:
            found += [form for form in forms.read(answer.content.decode(), link).forms if form.method == "post"]
    return [form for form in found if str(account.pk) in form.action]


def calls(account):
    rows = AuditRow.objects.filter(account_id=account.pk).values_list("verb", "call_id").distinct()
    counted: dict[str, int] = {}
    for verb, _ in rows:
        counted[verb] = counted.get(verb, 0) + 1
    return counted
