"""The steps of a message on its way out. Messages are taken, and what became of them is written, some at a time; between
the two each is asked for and noted by itself in the row of its lane, which is small and costs a third of the message's
own. A pause of the account or the contact keeps a message back. Decision 0011 tells what is promised and how.
"""

from importlib import import_module

from django.db import migrations

before = import_module("campaigns.migrations.0002_sending")

VERDICT = """
CREATE OR REPLACE FUNCTION public.campaigns_verdict(p_tenant bigint, p_message uuid, p_now timestamptz, p_here text)
RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE m record; e record; s record; c record; k record; account text; tenant text; pause text;
BEGIN
  SELECT enrolment_id, template_id, late_after, address_key, by_hand INTO m FROM public.campaigns_message WHERE id = p_message;
  IF NOT FOUND THEN RETURN 'gone'; END IF;
  SELECT series_id, contact_id, state, by_role INTO e FROM public.campaigns_enrolment WHERE id = m.enrolment_id;
  SELECT state, category, audience_roles INTO s FROM public.campaigns_series WHERE id = e.series_id;
  SELECT email, is_active, roles, account_id INTO c FROM public.accounts_contact WHERE id = e.contact_id;
  SELECT state INTO account FROM public.accounts_account WHERE id = c.account_id;
  SELECT is_on, installation_id INTO k FROM public.campaigns_sendingcontrol WHERE tenant_id = p_tenant;
  SELECT status INTO tenant FROM public.tenancy_tenant WHERE id = p_tenant;
  SELECT max(policy) INTO pause FROM public.campaigns_mailpause WHERE tenant_id = p_tenant AND account_id = c.account_id
    AND (contact_id IS NULL OR contact_id = e.contact_id) AND ended_at IS NULL AND (ends_at IS NULL OR ends_at > p_now);
  RETURN CASE
    WHEN tenant IS DISTINCT FROM 'active' THEN 'tenant_suspended'
    WHEN k.is_on IS NOT TRUE THEN 'sending_off'
    WHEN p_here = '' OR k.installation_id <> p_here THEN 'other_installation'
    WHEN m.late_after < p_now THEN 'late'
    WHEN account IS DISTINCT FROM 'managed' THEN 'account_archived'
    WHEN c.is_active IS NOT TRUE THEN 'contact_inactive'
    WHEN c.email = '' THEN 'no_address'
    WHEN EXISTS (SELECT FROM public.campaigns_suppression x WHERE x.tenant_id = p_tenant
      AND x.address_key = m.address_key AND x.released_at IS NULL AND x.category IN ('', s.category)) THEN 'suppressed'
    WHEN pause = 'drop' THEN 'pause_dropped'
    WHEN pause IS NOT NULL THEN 'mail_paused'
    WHEN m.by_hand THEN ''
    WHEN s.state = 'paused' THEN 'series_paused'
    WHEN s.state <> 'active' THEN 'series_archived'
    WHEN e.state = 'paused' THEN 'enrolment_paused'
    WHEN e.state <> 'active' THEN 'enrolment_ended'
    WHEN e.by_role AND s.audience_roles <> '{}' AND NOT c.roles && s.audience_roles THEN 'role_lost'
    WHEN NOT EXISTS (SELECT FROM public.campaigns_seriesitem i WHERE i.tenant_id = p_tenant
      AND i.series_id = e.series_id AND i.template_id = m.template_id) THEN 'item_removed'
    ELSE '' END;
END $$
"""

# Some messages of a lane at once. Each that still waits is asked for; those that may go are `sending` and the lane's own.
# The answer has the verdict of each and the number of recalls that were heard; empty if another worker has the lane.
# The row of the lane is locked first: whoever stops mail locks it before he commits, so he is seen here, or recalls.
# Rows are read by their key whatever the statistics say, and the plan is made once for a session.
BY_KEY = (
    "SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_hashjoin = off"
    " SET enable_mergejoin = off"
)
TAKE = """
CREATE FUNCTION public.campaigns_take(
  p_tenant bigint, p_lane uuid, p_fence int, p_messages uuid[], p_message_ids text[], p_now timestamptz, p_here text)
RETURNS jsonb LANGUAGE plpgsql {BY_KEY} AS $$
DECLARE heard int; verdicts jsonb;
BEGIN
  SELECT recalls INTO heard FROM public.campaigns_sendinglane WHERE id = p_lane AND fence = p_fence FOR UPDATE;
  IF NOT FOUND THEN RETURN NULL; END IF;
  WITH free AS MATERIALIZED (
    SELECT w.id, w.message_id, f.place FROM unnest(p_messages, p_message_ids) AS w (id, message_id)
    CROSS JOIN LATERAL (SELECT m.ctid AS place FROM public.campaigns_message m WHERE m.id = w.id AND m.state = 'planned'
      FOR UPDATE SKIP LOCKED) f
  ), judged AS MATERIALIZED (
    SELECT id, message_id, place, public.campaigns_verdict(p_tenant, id, p_now, p_here) AS verdict FROM free
  ), taken AS (
    UPDATE public.campaigns_message m SET state = 'sending', reason = 'in_line', detail = '', sending_at = p_now,
      message_id = j.message_id
    FROM judged j WHERE m.ctid = j.place AND j.verdict = ''
  ) SELECT jsonb_object_agg(id, verdict) INTO verdicts FROM judged;
  RETURN jsonb_build_object('recalls', heard, 'verdicts', coalesce(verdicts, '{}'));
END $$
"""

# May this one go now? If the answer is empty it is `current`, and a byte may leave when this is committed. What became
# of the ones before travels along. What the other rooms know of the contact and the account is looked at again.
STEP = """
CREATE FUNCTION public.campaigns_step(
  p_tenant bigint, p_lane uuid, p_fence int, p_recalls int, p_done jsonb, p_message uuid, p_contact uuid, p_email text)
RETURNS text LANGUAGE plpgsql AS $$
DECLARE fits boolean; heard int;
BEGIN
  SELECT c.is_active AND c.email = p_email AND a.state = 'managed' INTO fits
  FROM public.accounts_contact c JOIN public.accounts_account a ON a.id = c.account_id WHERE c.id = p_contact;
  UPDATE public.campaigns_sendinglane SET done = done || p_done,
    current = CASE WHEN fits AND recalls = p_recalls THEN p_message END
  WHERE id = p_lane AND fence = p_fence RETURNING recalls INTO heard;
  RETURN CASE WHEN heard IS NULL THEN 'lost' WHEN heard <> p_recalls THEN 'recalled'
    WHEN fits IS NOT TRUE THEN 'changed' ELSE '' END;
END $$
"""

# What became of messages is written to them, and the hands of the lane are empty. False if another worker has it.
PUT = """
CREATE FUNCTION public.campaigns_put(
  p_tenant bigint, p_lane uuid, p_fence int, p_done jsonb, p_back uuid[], p_now timestamptz)
RETURNS boolean LANGUAGE plpgsql {BY_KEY} AS $$
BEGIN
  UPDATE public.campaigns_sendinglane SET done = '[]', current = NULL WHERE id = p_lane AND fence = p_fence;
  IF NOT FOUND THEN RETURN false; END IF;
  WITH held AS MATERIALIZED (
    SELECT d.*, h.place
    FROM jsonb_to_recordset(p_done) AS d (id uuid, state text, reason text, detail text, due timestamptz, tried int)
    CROSS JOIN LATERAL (SELECT m.ctid AS place FROM public.campaigns_message m WHERE m.id = d.id
      AND (m.state IN ('sending', 'unknown') OR m.state = 'planned' AND d.state IN ('held', 'skipped', 'suppressed'))
      FOR UPDATE) h
  )
  UPDATE public.campaigns_message m SET state = d.state, reason = d.reason, detail = d.detail,
    due_at = coalesce(d.due, m.due_at), attempts = m.attempts + d.tried,
    sent_at = CASE WHEN d.state = 'sent' THEN p_now ELSE m.sent_at END
  FROM held d WHERE m.ctid = d.place;
  IF p_back <> '{}' THEN
    UPDATE public.campaigns_message SET state = 'planned', reason = ''
    WHERE id = ANY(p_back) AND state = 'sending' AND reason = 'in_line';
  END IF;
  RETURN true;
END $$
"""
OLD = before.SIGNATURES[1:]
NEW = (
    "public.campaigns_take(bigint, uuid, int, uuid[], text[], timestamptz, text)",
    "public.campaigns_step(bigint, uuid, int, int, jsonb, uuid, uuid, text)",
    "public.campaigns_put(bigint, uuid, int, jsonb, uuid[], timestamptz)",
)


def again(statement: str) -> str:
    return statement.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION")


class Migration(migrations.Migration):
    dependencies = [("campaigns", "0003_pauses")]

    operations = [
        migrations.RunSQL(
            [
                VERDICT,
                TAKE.replace("{BY_KEY}", BY_KEY),
                STEP,
                PUT.replace("{BY_KEY}", BY_KEY),
                *(f"DROP FUNCTION {signature}" for signature in OLD),
                *(f"REVOKE ALL ON FUNCTION {signature} FROM PUBLIC" for signature in NEW),
                *(f"GRANT EXECUTE ON FUNCTION {signature} TO cs_app" for signature in NEW),
                # The row of a lane changes with each message; with room on its page no index has to hear of it.
                "ALTER TABLE public.campaigns_sendinglane SET (fillfactor = 20)",
                # That the ledger was told changes no index either.
                "ALTER TABLE public.campaigns_message SET (fillfactor = 75)",
            ],
            [
                *(f"DROP FUNCTION {signature}" for signature in NEW),
                again(before.VERDICT),
                before.CLAIM,
                before.SETTLE,
                *(f"REVOKE ALL ON FUNCTION {signature} FROM PUBLIC" for signature in OLD),
                *(f"GRANT EXECUTE ON FUNCTION {signature} TO cs_app" for signature in OLD),
            ],
        )
    ]
