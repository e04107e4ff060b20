"""Platform staff: people of whoever runs the installation, who are members of no organisation.

They look, and change nothing: Django's admin at /platform/, read-only, behind a second factor that was used in this
session and a reason. Rows of an organisation are shown after it was chosen with a reason, in its scope for one request
only, and the organisation reads in its own audit log who looked at what and why.
"""
