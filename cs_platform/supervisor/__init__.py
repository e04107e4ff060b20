"""Runs what the product needs on a machine that has nothing: PostgreSQL and Valkey from wheels, a mailbox, the demo.

Standard library only, and no Django: it must work before there is a virtual environment or a database. Every server
is a direct child that dies with its supervisor, so that no kill, however rude, leaves a stray process behind.
"""
