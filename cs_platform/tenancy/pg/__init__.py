"""PostgreSQL backend that carries the tenant of the scope into row-level security."""
