"""An org that plays Salesforce, for the demo and the tests: a process of its own, standard library only.

It speaks the REST wire protocol (OAuth and SOAP logins, SOQL, describe, records, composite, bulk queries) so that
clients written for Salesforce work unchanged, keeps its rows in a SQLite file, has web pages on which a person plays
the Salesforce user, and fails on demand. `org.SandboxOrg` is the org, `server.SandboxServer` puts it on a port.
Nothing of the product is imported here, and the product imports nothing from here.
"""
