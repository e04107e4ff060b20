-- What a superuser must do once per server; docs/operations.md says the same for a server of your own.
-- cs_owner owns the tables and migrates, cs_app is what web and workers are (row-level security binds it),
-- cs_admin owns the few functions that may look across tenants, and nobody logs in as it.
DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'cs_owner') THEN CREATE ROLE cs_owner; END IF;
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'cs_app') THEN CREATE ROLE cs_app; END IF;
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'cs_admin') THEN CREATE ROLE cs_admin; END IF;
END $$;
ALTER ROLE cs_owner LOGIN CREATEDB NOSUPERUSER NOBYPASSRLS NOCREATEROLE;
ALTER ROLE cs_app LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE;
ALTER ROLE cs_admin NOLOGIN NOSUPERUSER BYPASSRLS;
GRANT cs_app TO cs_owner;
GRANT cs_admin TO cs_owner;
GRANT pg_read_all_stats TO cs_owner;
SELECT 'CREATE DATABASE cs OWNER cs_owner' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'cs') \gexec
-- in each database
CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE EXTENSION IF NOT EXISTS btree_gin;
CREATE EXTENSION IF NOT EXISTS pg_stat_statements;
-- Under row-level security only leakproof functions may use an index; without these two every search reads all rows.
ALTER FUNCTION pg_catalog.textlike(text, text) LEAKPROOF;
ALTER FUNCTION pg_catalog.texticlike(text, text) LEAKPROOF;
GRANT USAGE, CREATE ON SCHEMA public TO cs_owner, cs_admin;
GRANT USAGE ON SCHEMA public TO cs_app;
