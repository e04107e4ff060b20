"""The way back: what is decided here is written to Salesforce.

A fact says that something changed; `noting` compares ours with the last value that both sides knew (the mirror) and
leaves a row for each field that differs. `draining` takes the rows in chunks, looks at the records as they are now,
writes, and moves the mirror with the answer, so that our own word coming back is no news. What the other side has
changed meanwhile is a conflict (`judging`), kept with both values.
"""
