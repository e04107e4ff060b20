"""Settings, read top to bottom; everything that differs between places comes from the environment.

A bad value stops the start with one clear line. There are no unsafe defaults in production: what has a
default below has it for development and test only.
"""

import json
import re
import sys
import warnings
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import environ

BASE_DIR = Path(__file__).resolve().parent.parent
PRODUCT_NAME = "Harbor CS"
env = environ.Env()


class BadSetting(SystemExit):
    """One line on stderr, without the login of an address in it; exit code 2."""

    def __init__(self, text: str) -> None:
        print(f"settings: {re.sub('//[^/@]*@', '//…@', text)}", file=sys.stderr)
        super().__init__(2)


def _required(name: str, development_default: str) -> str:
    value = env.str(name, default="")
    if not value:
        if PRODUCTION:
            raise BadSetting(f"{name} is required in production")
        return development_default
    return value


CS_ENV = env.str("CS_ENV", default="")
if not CS_ENV:
    # Neither a production start (which names its database) nor a developer who said so: a fresh checkout.
    CS_ENV = "production" if env.str("DATABASE_URL", default="") else "development"
if CS_ENV not in ("production", "development", "test"):
    raise BadSetting(f"CS_ENV is {CS_ENV!r}; it must be production, development or test")
PRODUCTION = CS_ENV == "production"
DEBUG = False

SECRET_KEY = _required("SECRET_KEY", "development-only-" + "x" * 50)
if PRODUCTION and len(SECRET_KEY) < 50:
    raise BadSetting("SECRET_KEY must have at least 50 characters")
CS_ENCRYPTION_KEYS = _required("CS_ENCRYPTION_KEYS", "dev:" + "ZGV2ZWxvcG1lbnQtb25seS1rZXktMzItYnl0ZXMtISE=")
CS_INSTALLATION_ID = env.str("CS_INSTALLATION_ID", default="")
CS_CLOCK_FILE = env.str("CS_CLOCK_FILE", default="")
if CS_CLOCK_FILE and CS_ENV != "test":
    raise BadSetting("CS_CLOCK_FILE is only allowed with CS_ENV=test")

CS_BASE_URL = env.str("CS_BASE_URL", default="http://127.0.0.1:18000").rstrip("/")
if urlsplit(CS_BASE_URL).scheme not in ("http", "https") or not urlsplit(CS_BASE_URL).hostname:
    raise BadSetting(f"CS_BASE_URL is {CS_BASE_URL!r}; it must be an http or https address")
if PRODUCTION and not CS_BASE_URL.startswith("https://"):
    raise BadSetting("CS_BASE_URL must be an https address in production")
ALLOWED_HOSTS = env.list("CS_ALLOWED_HOSTS", default=[]) or (
    [urlsplit(CS_BASE_URL).hostname]
    if PRODUCTION
    else [urlsplit(CS_BASE_URL).hostname, "127.0.0.1", "localhost", "testserver"]
)
CSRF_TRUSTED_ORIGINS = [CS_BASE_URL]
try:
    CS_TRUSTED_PROXIES = env.int("CS_TRUSTED_PROXIES", default=0)
except ValueError:
    raise BadSetting("CS_TRUSTED_PROXIES must be a whole number") from None
CS_METRICS_TOKEN = env.str("CS_METRICS_TOKEN", default="")
if CS_METRICS_TOKEN and len(CS_METRICS_TOKEN) < 20:
    raise BadSetting("CS_METRICS_TOKEN must have at least 20 characters")
if env.str("CS_METRICS_TENANTS", default="0") not in ("0", "1"):
    raise BadSetting("CS_METRICS_TENANTS must be 1 or 0")
CS_METRICS_TENANTS = env.bool("CS_METRICS_TENANTS", default=False)
CS_SALESFORCE_EXTRA_HOSTS = [h.rstrip("/") for h in env.list("CS_SALESFORCE_EXTRA_HOSTS", default=[])]
CS_SALESFORCE_CA_BUNDLE = env.str("CS_SALESFORCE_CA_BUNDLE", default="")
for host in CS_SALESFORCE_EXTRA_HOSTS:
    if urlsplit(host).scheme not in ("http", "https") or not urlsplit(host).hostname:
        raise BadSetting(f"CS_SALESFORCE_EXTRA_HOSTS: {host!r} is not http://host:port or https://host:port")
    if PRODUCTION and host.startswith("http://"):
        raise BadSetting(f"CS_SALESFORCE_EXTRA_HOSTS: {host!r} is plain http, which production refuses")
CS_SAMPLE_DATA = env.str("CS_SAMPLE_DATA", default=str(BASE_DIR.parent / "shared" / "data"))
CS_DATA_DIR = Path(env.str("CS_DATA_DIR", default=str(BASE_DIR / ".data")))
CS_MAILBOX_DIR = env.str("CS_MAILBOX_DIR", default="")
CS_SANDBOX_URL = env.str("CS_SANDBOX_URL", default="")

# --- servers -------------------------------------------------------------------------------------------------------
_remembered: dict[str, str] = {}
if not PRODUCTION and (CS_DATA_DIR / "services.json").exists():
    try:
        _remembered = json.loads((CS_DATA_DIR / "services.json").read_text())
    except ValueError:
        _remembered = {}


def _server(name: str, default: str) -> str:
    return env.str(name, default="") or _remembered.get(name, "") or ("" if PRODUCTION else default)


DATABASE_URL = _server("DATABASE_URL", "postgresql://cs_app@127.0.0.1:15432/cs")
DATABASE_OWNER_URL = _server("DATABASE_OWNER_URL", "postgresql://cs_owner@127.0.0.1:15432/cs")
REDIS_URL = _server("REDIS_URL", "redis://127.0.0.1:16379/0")
if PRODUCTION and not DATABASE_URL:
    raise BadSetting("DATABASE_URL is required in production")
if PRODUCTION and not REDIS_URL:
    raise BadSetting("REDIS_URL is required in production")


NO_ADDRESS = "DATABASE_URL or DATABASE_OWNER_URL is not postgresql://user:password@host:port/name"


def _database(url: str) -> dict[str, object]:
    try:
        parsed = environ.Env.db_url_config(url)
    except Exception:  # the library raises several kinds
        raise BadSetting(NO_ADDRESS) from None
    if not parsed.get("NAME") or "postgresql" not in str(parsed.get("ENGINE")):
        raise BadSetting(NO_ADDRESS)
    options = dict(parsed.get("OPTIONS") or {})
    options.setdefault("connect_timeout", 5)
    options.setdefault("keepalives_idle", 30)
    parsed.update(
        ENGINE="cs_platform.tenancy.pg",
        OPTIONS=options,
        CONN_MAX_AGE=60,
        CONN_HEALTH_CHECKS=True,
        DISABLE_SERVER_SIDE_CURSORS=True,
        ATOMIC_REQUESTS=False,
    )
    return parsed


# `migrate` and `makemigrations` work as the owner; everything else as the app role, which row-level security binds.
AS_OWNER = len(sys.argv) > 1 and sys.argv[1] in ("migrate", "makemigrations", "sqlmigrate", "showmigrations")
if AS_OWNER and not DATABASE_OWNER_URL:
    raise BadSetting("DATABASE_OWNER_URL is required for migrations")
DATABASES = {"default": _database(DATABASE_OWNER_URL if AS_OWNER else DATABASE_URL)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "cs1",
        "OPTIONS": {"socket_timeout": 2, "socket_connect_timeout": 1},
    }
}

# --- application ---------------------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "pgtrigger",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "django.contrib.admin.apps.SimpleAdminConfig",  # no site of its own: people/platform has the one there is
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_htmx",
    "template_partials.apps.SimpleAppConfig",
    "django_cotton.apps.SimpleAppConfig",
    "csp",
    # our rooms, from the ground up
    "cs_platform.tenancy",
    "cs_platform.ledger",
    "cs_platform.people",
    "accounts",
    "activities",
    "lifecycle",
    "campaigns",
    "onboarding",
    "integrations.salesforce",
    "cs_platform.workspace",
    "cs_platform",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "cs_platform.middleware.RequestFrame",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]

ROOT_URLCONF = "cs_platform.urls"
WSGI_APPLICATION = "cs_platform.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "cs_platform.workspace.context.frame",
            ],
            "loaders": [
                (
                    "template_partials.loader.Loader",
                    [
                        (
                            "django.template.loaders.cached.Loader",
                            [
                                "django_cotton.cotton_loader.Loader",
                                "django.template.loaders.filesystem.Loader",
                                "django.template.loaders.app_directories.Loader",
                            ],
                        )
                    ],
                )
            ],
            "builtins": ["django_cotton.templatetags.cotton", "template_partials.templatetags.partials"],
        },
    }
]
COTTON_DIR = "_ui"
STATICFILES_DIRS = [BASE_DIR / "cs_platform" / "static"]
STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / ".data" / "staticfiles"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if PRODUCTION
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = not PRODUCTION
WHITENOISE_AUTOREFRESH = False
if not PRODUCTION:  # files come from where they lie; there is nothing to collect first
    warnings.filterwarnings("ignore", message="No directory at", module="django.core.handlers.base")

# --- language and time ---------------------------------------------------------------------------------------------
LANGUAGE_CODE = "en"
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

# --- people --------------------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "people.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
PASSWORD_HASHERS = (
    ["django.contrib.auth.hashers.MD5PasswordHasher"]
    if CS_ENV == "test" and "pytest" in sys.modules
    else ["django.contrib.auth.hashers.PBKDF2PasswordHasher", "django.contrib.auth.hashers.ScryptPasswordHasher"]
)
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "optional"
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_ADAPTER = "cs_platform.people.adapter.AccountAdapter"
ACCOUNT_RATE_LIMITS = {"login_failed": "10/m/ip,5/5m/key", "reset_password": "20/m/ip,5/m/key", "login": "30/m/ip"}
MFA_ADAPTER = "cs_platform.people.second_factor.adapter.MFAAdapter"
MFA_FORMS = {
    "authenticate": "cs_platform.people.second_factor.forms.AuthenticateForm",
    "reauthenticate": "cs_platform.people.second_factor.forms.ReauthenticateForm",
    "add_webauthn": "cs_platform.people.second_factor.forms.AddPasskeyForm",
    "authenticate_webauthn": "cs_platform.people.second_factor.forms.AuthenticatePasskeyForm",
    "login_webauthn": "cs_platform.people.second_factor.forms.LoginPasskeyForm",
    "reauthenticate_webauthn": "cs_platform.people.second_factor.forms.ReauthenticatePasskeyForm",
}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_TOTP_TOLERANCE = 1  # half a minute early or late; a code counts once all the same
ALLAUTH_TRUSTED_PROXY_COUNT = CS_TRUSTED_PROXIES
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 14 * 24 * 3600
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = CS_BASE_URL.startswith("https://")
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

# --- transport security --------------------------------------------------------------------------------------------
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
if PRODUCTION:
    SECURE_SSL_REDIRECT = True
    SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]
    SECURE_HSTS_SECONDS = 365 * 24 * 3600
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    if CS_TRUSTED_PROXIES:
        SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "manifest-src": ["'self'"],
        "form-action": ["'self'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
        "object-src": ["'none'"],
    }
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 10 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000

# --- API -----------------------------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "cs_platform.people.api.authentication.KeyAuthentication",
        "cs_platform.people.api.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["cs_platform.people.api.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["cs_platform.people.api.parsers.StrictJSONParser"],
    "DEFAULT_SCHEMA_CLASS": "cs_platform.people.api.schema.Schema",
    "EXCEPTION_HANDLER": "cs_platform.people.api.errors.problem_handler",
    "UNAUTHENTICATED_USER": None,
    "NUM_PROXIES": CS_TRUSTED_PROXIES,
    "COERCE_DECIMAL_TO_STRING": True,
}
SPECTACULAR_SETTINGS = {
    "TITLE": f"{PRODUCT_NAME} API",
    "VERSION": "1",
    "DESCRIPTION": "Everything a page can do. Errors are application/problem+json; writes take an Idempotency-Key.",
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {
        "MemberRole": "cs_platform.people.models.Role",
        "ContactRole": "accounts.models.ContactRole",
        "InstanceKind": "accounts.models.instances.Instance.Kind",
        "HandoffTemplateKind": "onboarding.models.configuration.HandoffTemplate.Kind",
        "WriteKind": "integrations.salesforce.models.Write.Kind",
        "SyncRunKind": "integrations.salesforce.models.SyncRun.Kind",
        "DifferenceKind": ["added", "removed", "changed", "moved"],
    },
}

# --- mail ----------------------------------------------------------------------------------------------------------
EMAIL_URL = _required("EMAIL_URL", "smtp://127.0.0.1:18025")
_mail = urlsplit(EMAIL_URL)
if _mail.scheme not in ("smtp", "smtps", "smtp+tls") or not _mail.hostname:
    raise BadSetting("EMAIL_URL must be smtp://user:password@host:port?tls=yes")
_mail_query = {k: v[-1].lower() for k, v in parse_qs(_mail.query).items()}
EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
EMAIL_HOST = _mail.hostname
EMAIL_PORT = _mail.port or (465 if _mail.scheme == "smtps" else 25)
EMAIL_HOST_USER = unquote(_mail.username or "")
EMAIL_HOST_PASSWORD = unquote(_mail.password or "")
EMAIL_USE_SSL = _mail.scheme == "smtps"
EMAIL_USE_TLS = not EMAIL_USE_SSL and (
    _mail.scheme == "smtp+tls" or _mail_query.get("tls") in ("1", "yes", "true", "on")
)
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = (
    env.str("CS_FROM_EMAIL", default="") or f"{PRODUCT_NAME} <no-reply@{urlsplit(CS_BASE_URL).hostname}>"
)

# --- the bell: Celery carries no work, it says "look now" (docs/decisions/0002) -------------------------------------
CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_SERIALIZER = "json"
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_ACKS_LATE = False
CELERY_TASK_SOFT_TIME_LIMIT = 45
CELERY_TASK_TIME_LIMIT = 60
CELERY_WORKER_MAX_TASKS_PER_CHILD = 500
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "socket_timeout": 5,
    "socket_connect_timeout": 2,
    "socket_keepalive": True,
    "health_check_interval": 25,
    "max_retries": 2,
    "interval_start": 0,
    "interval_step": 0.2,
    "interval_max": 0.5,
    "visibility_timeout": 300,
    "unacked_restore_interval": 5,
    "unacked_restore_throttle": 1,
}
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 1, "interval_start": 0, "interval_step": 0.2, "interval_max": 0.2}
CELERY_TIMEZONE = "UTC"

# --- logs ----------------------------------------------------------------------------------------------------------
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "cs_platform.logs.JsonFormatter"}},
    "filters": {"quiet": {"()": "cs_platform.logs.Scrub"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "json", "filters": ["quiet"]}},
    "root": {"handlers": ["console"], "level": env.str("CS_LOG_LEVEL", default="") or "INFO"},
    "loggers": {
        "django.request": {"level": "ERROR"},
        "django.security.DisallowedHost": {"level": "CRITICAL"},
        "simple_salesforce": {"level": "WARNING"},
        "urllib3": {"level": "WARNING"},
    },
}
SILENCED_SYSTEM_CHECKS = ["security.W021"] if not PRODUCTION else []
