"""The platform: settings, wiring, and the four rooms everything rests on (tenancy, ledger, people, workspace)."""
