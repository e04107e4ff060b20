"""Who may: users, their memberships and roles in tenants, invitations and API keys.

Verbs: create a tenant with its owner, invite, accept an invitation, change roles, deactivate a member, create and
revoke an API key. One table (permissions.py) says which role and which key scope may do which verb in the whole
product; policies.py reads it. The door frames of pages (doors.py) and of the REST API (api/) live here, because both
must know who asks before anything else happens. A user is global, everything else belongs to one tenant.
"""
