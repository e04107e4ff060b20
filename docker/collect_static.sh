#!/bin/sh
# Static files with their hashes, collected while the image is built. The settings want a complete production
# environment; these values live as long as this command and are nowhere in the image.
set -eu

random() { python -c 'import base64, secrets; print(base64.b64encode(secrets.token_bytes(32)).decode())'; }

CS_ENV=production \
    SECRET_KEY="$(random)$(random)" \
    CS_ENCRYPTION_KEYS="build:$(random)" \
    CS_BASE_URL=https://build.invalid \
    DATABASE_URL=postgresql://nobody@build.invalid/none \
    REDIS_URL=redis://build.invalid/0 \
    EMAIL_URL=smtp://build.invalid:25 \
    python manage.py collectstatic --noinput --verbosity 0
