"""Which role may do which verb, and which key scope allows it: the one table of the product.

A verb is `object.verb`, the same word as on the button and in the ledger. Change a right here and nowhere else.
"""

from dataclasses import dataclass

from cs_platform.people.models import Role

OWNER, ADMIN, CS_OPS, TA_LEADER = Role.OWNER, Role.ADMIN, Role.CS_OPS, Role.TA_LEADER
TEAM_LEAD, CSM, SUPPORT, SALES = Role.TEAM_LEAD, Role.CSM, Role.SUPPORT, Role.SALES
PRESALES_CE, MARKETING, FINANCE, VIEWER = Role.PRESALES_CE, Role.MARKETING, Role.FINANCE, Role.VIEWER

EVERYONE = frozenset(Role)
ADMINS = frozenset({OWNER, ADMIN})
OPERATIONS = ADMINS | {CS_OPS}
LEADERS = OPERATIONS | {TA_LEADER}
TEAM = LEADERS | {TEAM_LEAD, CSM}
TOUCHING = TEAM | {SUPPORT, PRESALES_CE}
WRITERS = OPERATIONS | {MARKETING}

SCOPES = {
    "accounts:read": "read accounts, contacts, opportunities, segments and support levels",
    "accounts:write": "create and change accounts and contacts",
    "support-levels:write": "set the support level of an account, and edit the list of levels",
    "tasks:read": "read tasks",
    "tasks:write": "create, change and close tasks",
    "onboarding:read": "read hand-offs, their lead times and texts",
    "onboarding:write": "bring hand-offs on, and edit their lead times and texts",
    "lifecycle:read": "read lifecycles, stages and their history",
    "lifecycle:write": "move accounts between stages, and configure lifecycles",
    "campaigns:read": "read templates, series, messages and suppressions",
    "campaigns:write": "edit templates and series, enrol contacts, change suppressions",
    "integrations:read": "read connections and sync runs",
    "integrations:write": "edit connections and start syncs",
    "members:read": "read members, invitations and teams",
    "members:write": "invite members and change their roles",
    "audit:read": "read the audit log and the change feed",
    "admin": "everything",
}


@dataclass(frozen=True)
class Verb:
    roles: frozenset[Role]
    scope: str
    sentence: str


def _verb(roles: frozenset[Role], scope: str, sentence: str) -> Verb:
    if scope not in SCOPES:
        raise KeyError(f"{scope} is not in SCOPES")
    return Verb(roles, scope, sentence)


VERBS: dict[str, Verb] = {
    # accounts
    "account.view": _verb(EVERYONE, "accounts:read", "see accounts"),
    "account.create": _verb(LEADERS, "accounts:write", "create an account"),
    "account.edit": _verb(TEAM, "accounts:write", "edit an account"),
    "account.archive": _verb(LEADERS, "accounts:write", "archive an account"),
    "account.restore": _verb(LEADERS, "accounts:write", "bring an archived account back"),
    "account.assign_owner": _verb(LEADERS | {TEAM_LEAD}, "accounts:write", "change who owns an account"),
    "account.set_support_level": _verb(LEADERS, "support-levels:write", "set the support level of an account"),
    "alert.resolve": _verb(TOUCHING, "accounts:write", "resolve an alert"),
    "contact.view": _verb(EVERYONE, "accounts:read", "see contacts"),
    "contact.create": _verb(TOUCHING, "accounts:write", "add a contact"),
    "contact.edit": _verb(TOUCHING, "accounts:write", "edit a contact"),
    "contact.set_roles": _verb(TEAM | {PRESALES_CE}, "accounts:write", "set the roles of a contact"),
    "instance.view": _verb(EVERYONE, "accounts:read", "see the instances of accounts"),
    "instance.edit": _verb(TOUCHING, "accounts:write", "edit instances and who looks after them"),
    "opportunity.view": _verb(EVERYONE, "accounts:read", "see opportunities"),
    "segmentation.view": _verb(EVERYONE, "accounts:read", "see the segmentation rules"),
    "segmentation.publish": _verb(LEADERS, "accounts:write", "publish segmentation rules"),
    "account.override_segment": _verb(LEADERS, "accounts:write", "set a segment or service model by hand for a time"),
    "support_level.view": _verb(EVERYONE, "accounts:read", "see the support levels"),
    "support_level.edit": _verb(OPERATIONS, "support-levels:write", "edit the list of support levels"),
    # activities and onboarding
    "task.view": _verb(EVERYONE, "tasks:read", "see tasks"),
    "task.create": _verb(TOUCHING | {SALES}, "tasks:write", "add a task"),
    "task.edit": _verb(TOUCHING | {SALES}, "tasks:write", "edit a task and give it to somebody"),
    "task.work": _verb(EVERYONE - {VIEWER}, "tasks:write", "start, complete, reopen and cancel a task"),
    "handoff.view": _verb(EVERYONE, "onboarding:read", "see hand-offs"),
    "handoff.edit": _verb(TOUCHING | {SALES}, "onboarding:write", "bring a hand-off on"),
    "handoff.configure": _verb(LEADERS, "onboarding:write", "edit the lead times and texts of hand-offs"),
    # lifecycle
    "lifecycle.view": _verb(EVERYONE, "lifecycle:read", "see lifecycles and stages"),
    "lifecycle.configure": _verb(OPERATIONS, "lifecycle:write", "configure lifecycles"),
    "account.move_stage": _verb(TEAM, "lifecycle:write", "move an account to another stage"),
    # campaigns
    "series.view": _verb(EVERYONE, "campaigns:read", "see e-mail series"),
    "series.edit": _verb(WRITERS, "campaigns:write", "edit an e-mail series"),
    "series.pause": _verb(WRITERS | {TA_LEADER, TEAM_LEAD}, "campaigns:write", "pause a series"),
    "series.resume": _verb(WRITERS | {TA_LEADER, TEAM_LEAD}, "campaigns:write", "resume a series"),
    "series.enrol": _verb(TEAM | {MARKETING}, "campaigns:write", "enrol contacts in a series"),
    "template.view": _verb(EVERYONE, "campaigns:read", "see e-mail templates"),
    "template.edit": _verb(WRITERS, "campaigns:write", "edit an e-mail template"),
    "message.view": _verb(EVERYONE, "campaigns:read", "see messages"),
    "message.resend": _verb(TEAM | {MARKETING}, "campaigns:write", "send a message again"),
    "message.skip": _verb(TEAM | {MARKETING}, "campaigns:write", "leave a message out"),
    "sending.stop": _verb(WRITERS | {TA_LEADER, TEAM_LEAD}, "campaigns:write", "stop all mail to customers"),
    "sending.start": _verb(OPERATIONS, "campaigns:write", "start mail to customers again"),
    "account.pause_mail": _verb(TEAM | {MARKETING}, "campaigns:write", "pause the mail to a customer or a contact"),
    "account.resume_mail": _verb(TEAM | {MARKETING}, "campaigns:write", "end a pause of the mail to a customer"),
    "suppression.view": _verb(EVERYONE, "campaigns:read", "see which addresses are suppressed"),
    "suppression.edit": _verb(TEAM | {MARKETING, SUPPORT}, "campaigns:write", "suppress an address or release it"),
    # integrations
    "connection.view": _verb(LEADERS, "integrations:read", "see the connections"),
    "connection.create": _verb(ADMINS, "integrations:write", "connect another system"),
    "connection.edit": _verb(ADMINS, "integrations:write", "edit a connection"),
    "connection.test": _verb(OPERATIONS, "integrations:write", "test a connection"),
    "connection.pause": _verb(OPERATIONS, "integrations:write", "pause a connection"),
    "connection.resume": _verb(OPERATIONS, "integrations:write", "resume a connection"),
    "connection.sync": _verb(OPERATIONS, "integrations:write", "start and cancel a sync"),
    "conflict.resolve": _verb(LEADERS, "integrations:write", "decide what both sides changed"),
    "write.replay": _verb(OPERATIONS, "integrations:write", "try again what Salesforce did not take"),
    "write.discard": _verb(OPERATIONS, "integrations:write", "let go what Salesforce did not take"),
    # people
    "member.view": _verb(EVERYONE, "members:read", "see the members"),
    "member.invite": _verb(ADMINS, "members:write", "invite a member"),
    "member.edit": _verb(ADMINS, "members:write", "change roles and deactivate members"),
    "member.reset_second_factor": _verb(ADMINS, "admin", "take away the second factor of a member who lost it"),
    "team.create": _verb(LEADERS, "members:write", "create a team"),
    "team.edit": _verb(LEADERS, "members:write", "edit a team"),
    "team.archive": _verb(LEADERS, "members:write", "archive a team and bring it back"),
    "team.set_members": _verb(LEADERS | {TEAM_LEAD}, "members:write", "say who is in a team and who leads it"),
    "api_key.view": _verb(ADMINS, "admin", "see the API keys"),
    "api_key.create": _verb(ADMINS, "admin", "create an API key"),
    "api_key.revoke": _verb(ADMINS, "admin", "revoke an API key"),
    "audit.view": _verb(OPERATIONS, "audit:read", "read the audit log"),
    "tenant.edit": _verb(ADMINS, "admin", "edit the settings of the organisation"),
    "queue.view": _verb(ADMINS, "admin", "see the work that waits and the work that was given up"),
    "queue.replay": _verb(ADMINS, "admin", "run work again that was given up"),
}
