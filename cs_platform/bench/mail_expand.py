"""`mail-expand`: the messages of a run, one for each contact of a series, before the first is sent. The floor is one
INSERT … SELECT of the same rows."""

from campaigns import services as campaigns
from campaigns.models import Enrolment, Message
from cs_platform.bench import data, mail
from cs_platform.bench.data import NOW
from cs_platform.bench.measure import Figure, Memory, Options, seconds
from cs_platform.bench.scratch import Owner
from cs_platform.tenancy.scope import tenant_scope

NAME = "mail-expand"
CONTACTS = 100_000
TABLES = """
CREATE SCHEMA IF NOT EXISTS floor;
SELECT set_config('app.tenant_id', '{tenant}', false);
CREATE TABLE floor.enrolment AS SELECT tenant_id, id, contact_id, account_id, name, address_key
  FROM campaigns_enrolment;
CREATE TABLE floor.message (id uuid PRIMARY KEY, tenant_id bigint, run_id bigint, enrolment_id uuid, account_id uuid,
  name text, local_date date, due_at timestamptz, address_key text, state text, created_at timestamptz);
CREATE UNIQUE INDEX ON floor.message (tenant_id, run_id, address_key);
CREATE UNIQUE INDEX ON floor.message (tenant_id, enrolment_id, local_date);
CREATE INDEX ON floor.message (tenant_id, run_id, state, due_at, id);
"""
INSERT = """
INSERT INTO floor.message SELECT gen_random_uuid(), tenant_id, %(run)s, id, account_id, 'Text to ' || name,
  %(day)s::date - %(run)s, %(now)s, address_key, 'planned', %(now)s FROM floor.enrolment
"""


def run(options: Options) -> None:
    many = options.many(CONTACTS, 10)
    book = data.fill(options, others=0)
    owner = Owner()
    with tenant_scope(book.tenant):
        series = mail.make_series(texts=options.rounds)
        mail.enrol(book, series, many)
        owner(TABLES.format(tenant=book.tenant.pk))
        owner.vacuum("floor.enrolment", "campaigns_enrolment")
        figure = Figure(NAME, "messages a second", "messages/s", 0.4, "more")
        with Memory() as memory:
            for number in range(options.rounds):
                values = {"run": number, "day": NOW.date(), "now": NOW}
                figure.floor.append(many / seconds(lambda given=values: owner(INSERT, given)))
                slot = mail.make_run(book, series, number)
                figure.ours.append(many / seconds(lambda pk=slot.pk: _expand(pk)))
                if Message.objects.filter(run=slot).count() != many:
                    raise RuntimeError("a contact got no message")
                Enrolment.objects.filter(series=series).update(position=number + 1)
                owner.vacuum("campaigns_enrolment", "campaigns_message", "floor.message")
    figure.more = {"peak_mb": memory.peak_mb}
    figure.tell(options)
    owner.close()


def _expand(pk: object) -> None:
    while not campaigns.expand_run(pk, now=NOW):  # type: ignore[arg-type]
        pass
