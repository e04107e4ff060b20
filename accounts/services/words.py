"""What the timeline says of each verb."""

from cs_platform import ledger

ledger.sentences(
    {
        "account.create": "created {object}",
        "account.edit": "edited {object}",
        "account.assign_owner": "changed who looks after {object}",
        "account.set_support_level": "set the support level of {object}",
        "account.archive": "archived {object}",
        "account.restore": "brought {object} back",
        "account.take_over": "handed what belonged to a merged account to {object}",
        "account.segment": "put {object} into its segment",
        "contact.create": "added the contact {object}",
        "contact.edit": "edited the contact {object}",
        "contact.set_roles": "changed the roles of {object}",
        "opportunity.create": "added the opportunity {object}",
        "opportunity.edit": "changed the opportunity {object}",
        "instance.create": "added the instance {object}",
        "instance.edit": "edited the instance {object}",
        "instance.delete": "removed the instance {object}",
        "instance.set_admins": "changed who looks after the instance {object}",
        "support_level.create": "created the support level {object}",
        "support_level.rename": "renamed the support level {object}",
        "support_level.reorder": "moved the support level {object} in the list",
        "support_level.deactivate": "stopped giving the support level {object}",
        "support_level.activate": "allowed the support level {object} again",
        "segmentation_rules.create": "drafted {object}",
        "segmentation_rules.edit": "edited the draft of {object}",
        "segmentation_rules.publish": "published {object}",
        "segmentation_rules.retire": "retired {object}",
        "segmentation_rules.schedule": "set the day from which {object} count",
        "segmentation_rules.unschedule": "took back the day of {object}",
        "segment_override.create": "decided the segment by hand: {object}",
        "segment_override.end": "let the rules decide again: {object}",
        "segment_override.expire": "ended what was decided by hand: {object}",
        "segment_override.remind": "reminded of the end: {object}",
        "bulk_change.apply": "confirmed a {object}",
        "alert.raise": "raised an alert: {object}",
        "alert.reword": "reworded an alert: {object}",
        "alert.clear": "cleared an alert: {object}",
    }
)
