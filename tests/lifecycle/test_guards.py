"""What the database refuses, whoever asks."""

from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.utils import InternalError

from lifecycle.models import AccountLifecycle, Stage, StageInterval
from tests.cast import NOW
from tests.lifecycle.standing import ADOPTING, DAY, ONBOARDING, move, stage_of, staged

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_acme")]


def sql(statement, *params):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, params)


def test_no_stage_changes_outside_of_the_ledger():
    account = staged(ONBOARDING)
    adopting = Stage.objects.get(name=ADOPTING)
    with pytest.raises((IntegrityError, InternalError), match="through the ledger only"):
        sql("UPDATE lifecycle_accountlifecycle SET stage_id = %s", adopting.pk)
    with pytest.raises((IntegrityError, InternalError), match="through the ledger only"), transaction.atomic():
        AccountLifecycle.objects.update(stage=adopting.pk)
    row = AccountLifecycle.objects.get()
    row.stage = adopting.pk
    with pytest.raises((IntegrityError, InternalError), match="through the ledger only"), transaction.atomic():
        row.save()
    assert stage_of(account) == ONBOARDING


def test_a_move_leaves_no_open_door_behind():
    account = staged(ONBOARDING)
    move(account, ADOPTING)
    with pytest.raises((IntegrityError, InternalError), match="through the ledger only"):
        sql("UPDATE lifecycle_accountlifecycle SET stage_id = %s", Stage.objects.get(name=ONBOARDING).pk)


def test_an_account_has_one_open_interval():
    account = staged(ONBOARDING)
    row = StageInterval.objects.get(account_id=account.pk)
    row.pk = None
    with pytest.raises(IntegrityError, match="interval_one_open"), transaction.atomic():
        row.save(force_insert=True)


def test_an_interval_does_not_end_before_it_begins():
    staged(ONBOARDING)
    with pytest.raises(IntegrityError, match="interval_not_backwards"), transaction.atomic():
        StageInterval.objects.update(left_at=NOW - DAY)


def test_an_account_stands_once_in_a_lifecycle():
    staged(ONBOARDING)
    row = AccountLifecycle.objects.get()
    row.pk = row.id = uuid4()
    with pytest.raises(IntegrityError, match="standing_once"), transaction.atomic():
        row.save(force_insert=True)


def test_a_stage_of_another_tenant_can_not_be_referred_to(acme):
    """The composite key is checked when the transaction ends, here as soon as it is asked for."""
    staged(ONBOARDING)
    with pytest.raises(IntegrityError, match="same_tenant"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE lifecycle_stageinterval SET stage_id = gen_random_uuid()")
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
