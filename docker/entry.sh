#!/bin/sh
# The processes of the product by name; anything else is a command of manage.py.
set -eu

role="${1:-web}"
[ "$#" -gt 0 ] && shift

case "$role" in
web)
    # WEB_CONCURRENCY sets the number of workers, GUNICORN_CMD_ARGS everything else.
    exec gunicorn cs_platform.wsgi:application --bind 0.0.0.0:8000 --worker-class gthread --threads 4 \
        --worker-tmp-dir /dev/shm --graceful-timeout 30 --no-control-socket "$@"
    ;;
worker)
    exec celery -A cs_platform worker --concurrency 2 --without-gossip "$@"
    ;;
dispatcher)
    exec python manage.py dispatcher "$@"
    ;;
beat)
    exec celery -A cs_platform beat --schedule /tmp/beat.schedule --pidfile= "$@"
    ;;
*)
    exec python manage.py "$role" "$@"
    ;;
esac
