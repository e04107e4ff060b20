#!/bin/bash
# Runs once, on an empty volume: the three roles, the database, its extensions, and the passwords of those who log in.
set -euo pipefail

bootstrap=/srv/bootstrap.sql
as_superuser=(psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --username "$POSTGRES_USER")

sed '/^-- in each database/,$d' "$bootstrap" | "${as_superuser[@]}" --dbname postgres
sed -n '/^-- in each database/,$p' "$bootstrap" | "${as_superuser[@]}" --dbname cs

"${as_superuser[@]}" --dbname postgres --set owner="$CS_OWNER_PASSWORD" --set app="$CS_APP_PASSWORD" \
    --set backup="$CS_BACKUP_PASSWORD" <<'SQL'
ALTER ROLE cs_owner PASSWORD :'owner';
ALTER ROLE cs_app PASSWORD :'app';
CREATE ROLE cs_backup LOGIN BYPASSRLS PASSWORD :'backup';
GRANT pg_read_all_data TO cs_backup;
REVOKE CONNECT ON DATABASE cs FROM PUBLIC;
GRANT CONNECT ON DATABASE cs TO cs_owner, cs_app, cs_backup;
SQL
