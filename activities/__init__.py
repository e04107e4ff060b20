"""What the team does: tasks, each with who does it, until when, and what made it.

A task belongs to an account (or to none), is done by a member or by whoever has a role, and moves from to do over in
progress and under review to completed, or is cancelled. Verbs: create, edit, assign, start, send to review, complete,
reopen, cancel; and for the room that made tasks: withdraw and renew them. A higher room may register a guard for the
tasks that it made. Facts: tasks created, completed, changed.
"""
