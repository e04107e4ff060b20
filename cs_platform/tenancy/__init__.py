"""Whose data: the tenant, the scope every query stands in, and the row-level security behind it.

Nothing of a tenant is read or written outside of `tenant_scope()`. Three nets hold that: the manager of every
TenantOwned model raises without a scope and filters by it; the database backend (pg/) carries the scope into each
transaction, where row-level security with FORCE compares it; and foreign keys between tenant rows carry the tenant, so
that a row can not point at another tenant's. Also here: the one clock, sealed secrets, and what a new tenant starts
with.
"""
