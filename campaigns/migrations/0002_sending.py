"""The three steps of a message on its way out, as functions: their plans are kept by the session, which at a hundred
thousand messages is worth more than the rest of the statement. They run with the rights and the row-level security of
the caller, which keeps to the tenant; rows are read one by one by their key, because a tenant that the statistics do
not know yet looks empty to the planner, and reading "all its rows" would seem the best way to join.
"""

from django.db import migrations

# Why a message may not go out at this moment; empty: it may. Asked by the sender before each message and by the page
# that explains one.
VERDICT = """
CREATE FUNCTION public.campaigns_verdict(p_tenant bigint, p_message uuid, p_now timestamptz, p_here text)
RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE m record; e record; s record; c record; k record; account text; tenant text;
BEGIN
  SELECT enrolment_id, late_after, address_key, by_hand INTO m FROM public.campaigns_message WHERE id = p_message;
  IF NOT FOUND THEN RETURN 'gone'; END IF;
  SELECT series_id, contact_id, state, by_role INTO e FROM public.campaigns_enrolment WHERE id = m.enrolment_id;
  SELECT state, category, audience_roles INTO s FROM public.campaigns_series WHERE id = e.series_id;
  SELECT email, is_active, roles, account_id INTO c FROM public.accounts_contact WHERE id = e.contact_id;
  SELECT state INTO account FROM public.accounts_account WHERE id = c.account_id;
  SELECT is_on, installation_id INTO k FROM public.campaigns_sendingcontrol WHERE tenant_id = p_tenant;
  SELECT status INTO tenant FROM public.tenancy_tenant WHERE id = p_tenant;
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
    WHEN m.by_hand THEN ''
    WHEN s.state = 'paused' THEN 'series_paused'
    WHEN s.state <> 'active' THEN 'series_archived'
    WHEN e.state = 'paused' THEN 'enrolment_paused'
    WHEN e.state <> 'active' THEN 'enrolment_ended'
    WHEN e.by_role AND s.audience_roles <> '{}' AND NOT c.roles && s.audience_roles THEN 'role_lost'
    ELSE '' END;
END $$
"""

# Takes a planned message: it is `sending` when the answer is empty. Another sender's, or one that changed: 'gone'. One
# whose contact has another address than the sender read: 'changed'.
CLAIM = """
CREATE FUNCTION public.campaigns_claim(
  p_tenant bigint, p_message uuid, p_email text, p_message_id text, p_now timestamptz, p_here text)
RETURNS text LANGUAGE plpgsql AS $$
DECLARE verdict text; enrolment uuid; contact uuid; address text;
BEGIN
  SELECT enrolment_id INTO enrolment FROM public.campaigns_message
  WHERE id = p_message AND state = 'planned' FOR UPDATE SKIP LOCKED;
  IF NOT FOUND THEN RETURN 'gone'; END IF;
  verdict := public.campaigns_verdict(p_tenant, p_message, p_now, p_here);
  IF verdict <> '' THEN RETURN verdict; END IF;
  SELECT contact_id INTO contact FROM public.campaigns_enrolment WHERE id = enrolment;
  SELECT email INTO address FROM public.accounts_contact WHERE id = contact;
  IF address IS DISTINCT FROM p_email THEN RETURN 'changed'; END IF;
  UPDATE public.campaigns_message SET state = 'sending', sending_at = p_now, attempts = attempts + 1,
    message_id = p_message_id, reason = '', detail = ''
  WHERE id = p_message;
  RETURN '';
END $$
"""

# What became of it. A message that was on its way gets its result, one that waits is held, left out or suppressed; any
# other state is left alone. Whatever may have reached the contact moves its enrolment on.
SETTLE = """
CREATE FUNCTION public.campaigns_settle(
  p_tenant bigint, p_message uuid, p_state text, p_reason text, p_detail text, p_due timestamptz, p_now timestamptz)
RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE moved record;
BEGIN
  UPDATE public.campaigns_message SET state = p_state, reason = p_reason, detail = p_detail,
    due_at = coalesce(p_due, due_at), sent_at = CASE WHEN p_state = 'sent' THEN p_now ELSE sent_at END
  WHERE id = p_message
    AND (p_state IN ('planned', 'sent', 'failed', 'unknown') AND state IN ('sending', 'unknown')
      OR p_state IN ('held', 'skipped', 'suppressed') AND state = 'planned')
  RETURNING enrolment_id, position INTO moved;
  IF NOT FOUND THEN RETURN false; END IF;
  IF p_state IN ('sent', 'failed', 'unknown') THEN
    UPDATE public.campaigns_enrolment SET position = moved.position
    WHERE id = moved.enrolment_id AND position < moved.position;
  END IF;
  RETURN true;
END $$
"""

# These two begin as other indexes of the same table do (message_by_state, message_day_once), and every message pays for
# each index three times.
SPARE = ("campaigns_message_run_id_fk", "campaigns_message_enrolment_id_fk")

SIGNATURES = (
    "public.campaigns_verdict(bigint, uuid, timestamptz, text)",
    "public.campaigns_claim(bigint, uuid, text, text, timestamptz, text)",
    "public.campaigns_settle(bigint, uuid, text, text, text, timestamptz, timestamptz)",
)


class Migration(migrations.Migration):
    dependencies = [("campaigns", "0001_initial")]

    operations = [
        migrations.RunSQL(
            [
                VERDICT,
                CLAIM,
                SETTLE,
                *(f"DROP INDEX IF EXISTS public.{index}" for index in SPARE),
                *(f"REVOKE ALL ON FUNCTION {signature} FROM PUBLIC" for signature in SIGNATURES),
                *(f"GRANT EXECUTE ON FUNCTION {signature} TO cs_app" for signature in SIGNATURES),
            ],
            [f"DROP FUNCTION {signature}" for signature in SIGNATURES],
        )
    ]
