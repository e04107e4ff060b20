"""What we write to customers: e-mail templates, series on weekdays, one message per contact and slot, suppressions.

A series sends its items in order to the contacts that are enrolled in it, one item at each slot: a weekday at a wall
time in somebody's zone, moved or left out on holidays. For every slot there is one run per zone and calendar, and for
every run one message per contact, so that nothing is ever sent twice; the row says why a message went or did not go.
Verbs: save templates, publish versions, activate, pause and resume series, enrol, stop, send a late run, resend a
message, suppress and release addresses, stop and start all sending. Facts: contacts enrolled, addresses suppressed.
"""
