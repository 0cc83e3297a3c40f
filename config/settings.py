"""Settings of Homeward, all from the environment (README has the table).

Nothing here knows a clinic's rules: those are the signed policy, in the database.
"""

import logging
from pathlib import Path

import dj_database_url
from csp.constants import NONCE, NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from config.env import Env
from config.logs import LOGGING as LOGGING

env = Env()

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = BASE_DIR / "var"

DEBUG = env.flag("DEBUG", default=False)
DEMO = env.flag("HOMEWARD_DEMO", default=False)
# A machine without DATABASE_URL runs on the embedded PostgreSQL: local use and synthetic data only.
LOCAL = env.flag("HOMEWARD_LOCAL", default=env.raw("DATABASE_URL") is None)

SECRET_KEY = env.text("SECRET_KEY", "local-only-not-a-secret" if LOCAL else None)
# Newest first; an older key keeps old links working until it is taken out.
LINK_KEYS = env.words("LINK_KEYS", ("local-only-link-key",) if LOCAL else ())
if not LINK_KEYS:
    raise ImproperlyConfigured("LINK_KEYS must be set (comma-separated, newest first).")

# The address people reach us at. Links in messages are built from it, never from a Host header.
PUBLIC_URL = env.text("PUBLIC_URL", "http://localhost:8000" if LOCAL else None).rstrip("/")
# A shorter one of the same server for links in messages, where the other leaves a text no room.
LINK_URL = env.text("LINK_URL", "").rstrip("/")
HTTPS = PUBLIC_URL.startswith("https://")
for name, address in (("PUBLIC_URL", PUBLIC_URL), ("LINK_URL", LINK_URL)):
    if address and not (address.startswith("https://") or LOCAL):
        raise ImproperlyConfigured(f"{name} must begin with https:// outside local use.")
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", ("localhost", "127.0.0.1", "[::1]", "testserver") if LOCAL else ())
if not ALLOWED_HOSTS:
    raise ImproperlyConfigured("ALLOWED_HOSTS must be set.")
CSRF_TRUSTED_ORIGINS = [address for address in (PUBLIC_URL, LINK_URL) if address]

INSTALLED_APPS = [
    "config.apps.HomewardConfig",
    "support.apps.SupportConfig",
    "education.apps.EducationConfig",
    "messaging.apps.MessagingConfig",
    "clinic.apps.ClinicConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "pgtrigger",
    "pghistory",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "crispy_forms",
    "crispy_bootstrap5",
    "django_htmx",
    "template_partials",
    "django_structlog",
    "csp",
    "anymail",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "config.middleware.private_pages",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "config.middleware.one_language",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "config.middleware.idle_sign_out",
    "config.middleware.current_site",
    "config.middleware.history_context",
    "config.middleware.crowded",
    "django_structlog.middlewares.RequestMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "config.context.shell",
            ],
        },
    }
]
CRISPY_ALLOWED_TEMPLATE_PACKS = "bootstrap5"
CRISPY_TEMPLATE_PACK = "bootstrap5"

# --- database -------------------------------------------------------------------------------------

LOCAL_DATABASE_URL = f"postgresql://postgres@/homeward?host={VAR_DIR / 'pg'}"
DATABASES = {
    "default": dj_database_url.parse(
        env.text("DATABASE_URL", LOCAL_DATABASE_URL if LOCAL else None),
        conn_max_age=60,
        conn_health_checks=True,
    )
}
DATABASES["default"]["OPTIONS"] = {
    **DATABASES["default"].get("OPTIONS", {}),
    "options": "-c lock_timeout=3s -c statement_timeout=30s -c TimeZone=UTC",
}
DATABASES["default"]["TEST"] = {"NAME": env.text("TEST_DATABASE_NAME", "test_homeward")}

# --- broker, cache, clock -------------------------------------------------------------------------

LOCAL_REDIS_URL = f"redis+socket://{VAR_DIR / 'valkey' / 'valkey.sock'}"
REDIS_URL = env.text("REDIS_URL", LOCAL_REDIS_URL if LOCAL else None)
CACHES = {
    "default": {
        "BACKEND": "config.cache.SharedCache",
        "LOCATION": REDIS_URL.replace("redis+socket://", "unix://"),
        # Seconds. A request asks it twice or three times, and must not stand still with it.
        "OPTIONS": {"socket_timeout": 0.4, "socket_connect_timeout": 0.4},
    }
}

CELERY_BROKER_URL = REDIS_URL
CELERY_TIMEZONE = "UTC"
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SOFT_TIME_LIMIT = 45
CELERY_TASK_TIME_LIMIT = 60
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_MAX_TASKS_PER_CHILD = 1000
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
# A web request that rings a bell must not wait for it: its row is safe already. Workers wait longer (config.celery).
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 180,
    "unacked_restore_interval": 5,
    "unacked_restore_throttle": 1,
    "socket_timeout": 0.4,
    "socket_connect_timeout": 0.4,
    "socket_keepalive": not REDIS_URL.startswith("redis+socket://"),
    "health_check_interval": 10,
}
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 1, "interval_start": 0, "interval_max": 0.2}
# Interval ticks only: a crontab in a zone with clock changes stops for an hour in autumn.
CELERY_BEAT_SCHEDULE = {
    "messaging-tick": {"task": "messaging.tick", "schedule": 5.0, "options": {"expires": 30}},
    "messaging-settle": {"task": "messaging.settle", "schedule": 20.0, "options": {"expires": 60}},
    "clinic-invitations": {"task": "clinic.send_invitations", "schedule": 20.0, "options": {"expires": 60}},
    "clinic-imports": {"task": "clinic.resume_imports", "schedule": 30.0, "options": {"expires": 60}},
    "support-sweep": {"task": "support.sweep", "schedule": 60.0, "options": {"expires": 120}},
    "support-flow": {"task": "support.flow", "schedule": 30.0, "options": {"expires": 60}},
}
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR_DIR / "celerybeat-schedule")

# --- people and sign-in ---------------------------------------------------------------------------

AUTH_USER_MODEL = "clinic.StaffMember"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
# Lets the first administrator in while nobody has signed up; made by `manage.py first_admin` when not given.
SETUP_CODE = env.text("SETUP_CODE", "")
SETUP_CODE_PATH = VAR_DIR / "files" / "setup-code"
LOGIN_REDIRECT_URL = "/"
LOGIN_URL = "account_login"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_PREVENT_ENUMERATION = "strict"
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if HTTPS else "http"
ACCOUNT_ADAPTER = "config.accounts.StaffAccountAdapter"
MFA_ADAPTER = "config.accounts.StaffMfaAdapter"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes", "webauthn"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = LOCAL
MFA_TOTP_ISSUER = "Homeward"

SESSION_IDLE_SECONDS = env.whole("SESSION_IDLE_SECONDS", 600)
SESSION_COOKIE_AGE = env.whole("SESSION_ABSOLUTE_SECONDS", 12 * 3600)
SESSION_COOKIE_NAME = "__Host-session" if HTTPS else "session"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_NAME = "__Host-csrf" if HTTPS else "csrf"
CSRF_FAILURE_VIEW = "config.errors.stale_form"

# --- headers --------------------------------------------------------------------------------------

SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_HSTS_SECONDS = 31536000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
# Nothing goes to other sites. "no-referrer" would make browsers send "Origin: null" with our own forms: all refused.
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True
X_FRAME_OPTIONS = "DENY"
if env.flag("BEHIND_PROXY", default=False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF, NONCE],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}

# --- files, languages, times ----------------------------------------------------------------------

STATIC_URL = "static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATICFILES_FINDERS = [
    "config.static.FlatFinder",
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": VAR_DIR / "files"}},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "config.static.FlatManifestStorage"
    },
}
WHITENOISE_USE_FINDERS = DEBUG
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
# Files for the import wait here until a worker has read them: web and worker share this folder.
IMPORT_DIR = VAR_DIR / "imports"

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("es", "Español")]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

# --- outgoing messages ----------------------------------------------------------------------------

PHONENUMBER_DEFAULT_REGION = env.text("PHONE_REGION", "US")
# An e-mail service by its own interface ("postmark", "mailgun", …) with its keys as ANYMAIL_…; empty: a mail server.
EMAIL_SERVICE = env.text("EMAIL_SERVICE", "")
# WEBHOOK_SECRET ("name:password") is what the service shows when it tells us what became of an e-mail.
ANYMAIL = {"IGNORE_UNSUPPORTED_FEATURES": True, "REQUESTS_TIMEOUT": (3, 10), **env.under("ANYMAIL_")}
EMAIL_BACKEND = env.text(
    "EMAIL_BACKEND",
    f"anymail.backends.{EMAIL_SERVICE}.EmailBackend"
    if EMAIL_SERVICE
    else f"django.core.mail.backends.{'filebased' if LOCAL else 'smtp'}.EmailBackend",
)
EMAIL_FILE_PATH = VAR_DIR / "mail"
EMAIL_HOST = env.text("EMAIL_HOST", "localhost")
EMAIL_PORT = env.whole("EMAIL_PORT", 25)
EMAIL_HOST_USER = env.text("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = env.text("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = env.flag("EMAIL_USE_TLS", default=False)
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL", "Homeward <no-reply@localhost>" if LOCAL else None)

# "console": texts become files in SMS_FILE_PATH, for a machine without a provider.
SMS_TRANSPORT = env.text("SMS_TRANSPORT", "http")
SMS_FILE_PATH = VAR_DIR / "texts"
# Any provider that speaks Twilio's Messages resource.
SMS_API_URL = env.text("SMS_API_URL", "http://127.0.0.1:8099" if LOCAL else "").rstrip("/")
SMS_ACCOUNT = env.text("SMS_ACCOUNT", "local" if LOCAL else "")
SMS_TOKEN = env.text("SMS_TOKEN", "local" if LOCAL else "")
SMS_FROM = env.text("SMS_FROM", "+14105550100" if LOCAL else "")
SMS_TIMEOUT = env.whole("SMS_TIMEOUT", 10)
# Whether the provider itself answers STOP with the last text there is; else we do.
SMS_PROVIDER_CONFIRMS_STOP = env.flag("SMS_PROVIDER_CONFIRMS_STOP", default=True)
MESSAGE_LEASE_SECONDS = env.whole("MESSAGE_LEASE_SECONDS", 60)
# How long a provider may still be busy with a text whose request broke off, before it is asked about it.
MESSAGE_SETTLE_SECONDS = env.whole("MESSAGE_SETTLE_SECONDS", 30)
# No tick hands over more: after an outage what waited is spread over the ticks to come, one every five seconds.
MESSAGES_PER_TICK = env.whole("MESSAGES_PER_TICK", 100)

# --- logs -----------------------------------------------------------------------------------------

# One line a request, when it ends; whose address it came from is nobody's business.
DJANGO_STRUCTLOG_STATUS_START_LOG_LEVEL = logging.DEBUG
DJANGO_STRUCTLOG_IP_LOGGING_ENABLED = False
