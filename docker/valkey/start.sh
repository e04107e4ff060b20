#!/bin/sh
# The password comes from the environment into a file in memory, so that no list of processes shows it.
set -eu
umask 077
printf 'requirepass %s\n' "$REDIS_PASSWORD" >/run/valkey/password.conf
exec valkey-server /run/valkey/password.conf --dir /data --appendonly yes --appendfsync everysec --save '' \
    --maxmemory 256mb --maxmemory-policy noeviction
