"""The customer: accounts with their contacts, opportunities, support level and segment.

An account is managed while it has a support level; without one it is archived, never deleted. Verbs: create, edit,
upsert (for whoever mirrors another system), set support level, assign owner, archive, restore, assign segments. The
segment and the service model follow versioned rules, and each change of them keeps the inputs and the rule that
decided. Facts: managed, changed, segmented, archived, restored; support levels changed; opportunities won; contacts
changed. `accounts.rules` is the rule language of every room.
"""
