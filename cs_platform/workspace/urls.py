"""Addresses of the composed pages. A verb of an object is the last word of its address."""

from django.urls import include, path

from cs_platform.workspace.pages import account, account_list, account_verbs, contacts, home, mailbox
from cs_platform.workspace.pages.settings import (
    api_keys,
    audit,
    index,
    members,
    organisation,
    queue,
    segmentation,
    support_levels,
)

app_name = "workspace"

of_account = [
    path("", account.account, name="account"),
    path("timeline/", account.timeline, name="account-timeline"),
    path("stages/", account.stage_history, name="account-stages"),
    path("opportunities/", account.opportunities, name="account-opportunities"),
    path("emails/", account.emails, name="account-emails"),
    path("edit/", account_verbs.edit_account, name="edit-account"),
    path("set-support-level/", account_verbs.set_support_level, name="set-support-level"),
    path("set-support-level/preview/", account_verbs.preview_support_level, name="preview-support-level"),
    path("move-stage/", account_verbs.move_stage, name="move-stage"),
    path("assign-owner/", account_verbs.assign_owner, name="assign-owner"),
    path("archive/", account_verbs.archive_account, name="archive-account"),
    path("restore/", account_verbs.restore_account, name="restore-account"),
    path("alerts/<uuid:alert_id>/resolve/", account_verbs.resolve_alert, name="resolve-alert"),
    path("contacts/add/", contacts.add_contact, name="add-contact"),
    path("contacts/<uuid:contact_id>/edit/", contacts.edit_contact, name="edit-contact"),
    path("contacts/<uuid:contact_id>/set-roles/", contacts.set_contact_roles, name="set-contact-roles"),
    path("enrol/", contacts.enrol_contacts, name="enrol-contacts"),
    path("enrolments/<uuid:enrolment_id>/stop/", contacts.stop_enrolment, name="stop-enrolment"),
]
of_settings = [
    path("", index.index, name="settings"),
    path("segmentation/", segmentation.segmentation, name="segmentation"),
    path("segmentation/draft/", segmentation.draft_segmentation, name="draft-segmentation"),
    path("segmentation/<uuid:version_id>/", segmentation.segmentation_version, name="segmentation-version"),
    path("segmentation/<uuid:version_id>/edit/", segmentation.edit_segmentation, name="edit-segmentation"),
    path("segmentation/<uuid:version_id>/publish/", segmentation.publish_segmentation, name="publish-segmentation"),
    path("support-levels/", support_levels.support_levels, name="support-levels"),
    path("support-levels/add/", support_levels.add_support_level, name="add-support-level"),
    path("support-levels/<uuid:level_id>/rename/", support_levels.rename_support_level, name="rename-support-level"),
    path("support-levels/<uuid:level_id>/move/", support_levels.move_support_level, name="move-support-level"),
    path(
        "support-levels/<uuid:level_id>/deactivate/",
        support_levels.deactivate_support_level,
        name="deactivate-support-level",
    ),
    path(
        "support-levels/<uuid:level_id>/activate/",
        support_levels.activate_support_level,
        name="activate-support-level",
    ),
    path("organisation/", organisation.organisation, name="organisation"),
    path("organisation/logo/", organisation.set_logo, name="set-logo"),
    path("organisation/logo/remove/", organisation.remove_logo, name="remove-logo"),
    path("members/", members.members, name="members"),
    path("members/invite/", members.invite_member, name="invite-member"),
    path("members/<uuid:member_id>/edit-roles/", members.edit_roles, name="edit-roles"),
    path("members/<uuid:member_id>/deactivate/", members.deactivate_member, name="deactivate-member"),
    path("api-keys/", api_keys.api_keys, name="api-keys"),
    path("api-keys/create/", api_keys.create_api_key, name="create-api-key"),
    path("api-keys/<uuid:key_id>/revoke/", api_keys.revoke_api_key, name="revoke-api-key"),
    path("audit/", audit.audit, name="audit"),
    path("audit/check/", audit.check_audit, name="check-audit"),
    path("queue/", queue.queue, name="queue"),
    path("queue/<int:row_id>/replay/", queue.replay_work, name="replay-work"),
]
urlpatterns = [
    path("", home.home, name="home"),
    path("accounts/", account_list.account_list, name="account-list"),
    path("accounts/add/", account_list.add_account, name="add-account"),
    path("accounts/<uuid:account_id>/", include(of_account)),
    path("settings/", include(of_settings)),
    path("mailbox/", mailbox.mails, name="mails"),
    path("mailbox/<str:file>/", mailbox.mail, name="mail"),
    path("mailbox/<str:file>/html/", mailbox.mail_html, name="mail-html"),
]
