"""Salesforce as the sales system of record: which accounts are managed, who their people are, which deals were won.

The room reads the org through one lease per connection, keeps a mirror of every mapped row and lets `accounts` know
what changed. Verbs: create, edit, test, pause, resume a connection; start, cancel a sync. `client` is the only module
that knows the library, `mapping` is pure functions, `reading` walks the org, `applying` turns mirror rows into
accounts' words.
"""
