"""All settings, top to bottom, from the environment alone. Safe by default; see the table in README.md."""

from __future__ import annotations

from pathlib import Path

from csp.constants import NONE, SELF

from config.env import env
from config.json_logging import LOGGING  # noqa: F401  Django reads it here

BASE_DIR = Path(__file__).resolve().parent.parent
VENDOR_BASE_URL = "https://api2.tenovi.com"

# --- who we are -------------------------------------------------------------------------------------------------

DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = env.str("SECRET_KEY")
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=[])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
SITE_URL = env.str("SITE_URL", default="").rstrip("/")
DEMO = env.bool("DEMO", default=False)
INSECURE_HTTP = env.bool("INSECURE_HTTP", default=False)  # plain http, for loopback demos and tests only
TRUSTED_PROXY_COUNT = env.int("TRUSTED_PROXY_COUNT", default=0)
OPS_TOKEN = env.str("OPS_TOKEN", default="")
OPERATOR_EMAILS = env.list("OPERATOR_EMAILS", default=[])

# --- the vendor -------------------------------------------------------------------------------------------------

TENOVI_BASE_URL = env.str("TENOVI_BASE_URL", default=VENDOR_BASE_URL).rstrip("/")
TENOVI_CLIENT_DOMAIN = env.str("TENOVI_CLIENT_DOMAIN", default="")
TENOVI_API_KEYS = env.list("TENOVI_API_KEYS", default=[])
TENOVI_SHARED_BUCKET = env.bool("TENOVI_SHARED_BUCKET", default=False)
TENOVI_CALL_GAP_SECONDS = env.float("TENOVI_CALL_GAP_SECONDS", default=1.05)
TENOVI_WEBHOOK_SECRETS = env.list("TENOVI_WEBHOOK_SECRETS", default=[])
TENOVI_WEBHOOK_HEADER = env.str("TENOVI_WEBHOOK_HEADER", default="Authorization")
CLIENT_ACTION_REREAD_SECONDS = env.float("CLIENT_ACTION_REREAD_SECONDS", default=600.0)
ORDER_SETTLE_SECONDS = env.float("ORDER_SETTLE_SECONDS", default=900.0)
LEASE_SECONDS = env.float("LEASE_SECONDS", default=120.0)  # longer than any task works between two checks of its lease
TRACKING_WINDOW_SECONDS = env.float("TRACKING_WINDOW_SECONDS", default=30.0)
UNKNOWN_DEVICE_LOOKUP_SECONDS = env.float("UNKNOWN_DEVICE_LOOKUP_SECONDS", default=120.0)
UNUSED_DEVICE_DAYS = env.float("UNUSED_DEVICE_DAYS", default=3.0)  # then a delivered device needs a person
TRACKING_HOSTS = env.list(
    "TRACKING_HOSTS", default=["fedex.com", "ups.com", "usps.com", "dhl.com", "ontrac.com", "lasership.com"]
)
NIGHTLY_HOUR_UTC = env.int("NIGHTLY_HOUR_UTC", default=6)

# --- what is installed ------------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "config.admin.VitalsAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "csp",
    "pgtrigger",
    "rest_framework",
    "patients.queueing",
    "patients",
    "patients.care",
    "patients.programmes",
    "patients.files",
    "patients.time_sessions",
    "patients.imports",
    "devices",
    "devices.patient_records",
    "measurements",
    "measurements.alerts",
    "measurements.reports",
    "measurements.billing",
    "measurements.comparison",
    "measurements.timeline",
    "measurements.activity",
    "measurements.adherence",
    "measurements.clinic_report",
    "measurements.billing_audit",
    "fulfillment",
    "fulfillment.batches",
    "fulfillment.replacements",
    "fulfillment.shipping_tests",
    "fulfillment.special_orders",
    "fulfillment.client_actions",
    "fulfillment.worklist",
]

MIDDLEWARE = [
    "config.request_logging.request_logging_middleware",
    # Before the rest, so that no redirect, host check or session is ever applied to the vendor's webhooks.
    "devices.webhooks.views.webhook_bypass_middleware",
    "patients.accounts.middleware.AuditContextMiddleware",
    "django_permissions_policy.PermissionsPolicyMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    # Below the static files, which are compressed already. A year of readings is 160 kB of digits, 30 kB compressed.
    "django.middleware.gzip.GZipMiddleware",
    "patients.accounts.middleware.no_store_middleware",
    "patients.accounts.middleware.method_not_allowed_middleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "patients.accounts.middleware.SessionTimeoutMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "patients.accounts.middleware.RequireMFAMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"

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
                "patients.context_processors.permission_flags",
            ],
        },
    }
]

# --- data -------------------------------------------------------------------------------------------------------

DATABASES = {"default": env.db_url("DATABASE_URL")}
DATABASES["default"] |= {
    "ENGINE": "django.db.backends.postgresql",
    # A page's reads and their audit rows are committed together or not at all.
    "ATOMIC_REQUESTS": True,
    "CONN_MAX_AGE": 60,
    "CONN_HEALTH_CHECKS": True,
}
DATABASES["default"].setdefault("OPTIONS", {}).setdefault("connect_timeout", 5)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Redis may forget everything, so nothing that must be remembered is in it.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "cache",
        # Full, it throws rows away, and with them the failed sign-ins that a lockout counts.
        "OPTIONS": {"MAX_ENTRIES": 200_000},
    }
}
SESSION_ENGINE = "django.contrib.sessions.backends.db"
# Messages name patients: the default would put them into a cookie.
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

# Tests may say so explicitly; production never does.
ALLOW_CARELESS_DATABASE = env.bool("ALLOW_CARELESS_DATABASE", default=False)

CELERY_BROKER_URL = env.str("CELERY_BROKER_URL", default="redis://127.0.0.1:6379/0")

# --- authentication --------------------------------------------------------------------------------------------

AUTH_USER_MODEL = "patients.User"
AUTHENTICATION_BACKENDS = [
    "patients.accounts.auth_backends.SignInBackend",
    "patients.accounts.auth_backends.RoleBackend",
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/patients/"

ACCOUNT_ADAPTER = "patients.accounts.allauth_adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"  # a followed invitation proves the address
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False  # unknown addresses get no mail
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_PASSWORD_RESET_TOKEN_GENERATOR = "django.contrib.auth.tokens.PasswordResetTokenGenerator"  # noqa: S105  a class
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False
# Five failures lock a user's sign-in at one address; attempts from many addresses meet the second limit.
ACCOUNT_RATE_LIMITS = {
    "login": "60/m/ip",
    "login_failed": "5/15m/key,60/15m/ip",
    "login_failed_anywhere": "30/h/key",
    "reset_password": "20/h/ip,3/h/key",
    "reset_password_from_key": "20/m/ip",
    "change_password": "5/m/user",
}
ACCOUNT_FORMS = {
    "change_password": "patients.accounts.password_forms.PasswordChangeForm",
    "reset_password_from_key": "patients.accounts.password_forms.PasswordResetKeyForm",
}
PASSWORD_RESET_TIMEOUT = 60 * 60

# MFA (second step of signing in) is required of every user, administrators too.
MFA_REQUIRED = env.bool("MFA_REQUIRED", default=True)
ALLOW_SIGN_IN_WITHOUT_MFA = env.bool("ALLOW_SIGN_IN_WITHOUT_MFA", default=False)  # with MFA off, for the real vendor
# The first encrypts MFA secrets, all decrypt them; see "Rotating secrets" in docs/operations.md.
MFA_ENCRYPTION_KEYS = env.list("MFA_ENCRYPTION_KEYS", default=[])
MFA_ADAPTER = "patients.accounts.allauth_adapter.MFAAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_TOTP_TOLERANCE = 1  # half minutes: telephones' clocks differ, and people need time to type
MFA_FORMS = {
    "authenticate": "patients.accounts.mfa_forms.SignInCodeForm",
    "authenticate_webauthn": "patients.accounts.mfa_forms.SignInPasskeyForm",
    "reauthenticate": "patients.accounts.mfa_forms.ReauthenticateCodeForm",
    "reauthenticate_webauthn": "patients.accounts.mfa_forms.ReauthenticatePasskeyForm",
    "activate_totp": "patients.accounts.mfa_forms.ActivateAuthenticatorAppForm",
    "add_webauthn": "patients.accounts.mfa_forms.AddPasskeyForm",
    "edit_webauthn": "patients.accounts.mfa_forms.RenamePasskeyForm",
}

# --- HTTP -------------------------------------------------------------------------------------------------------

SECURE_SSL_REDIRECT = not INSECURE_HTTP
SECURE_REDIRECT_EXEMPT = [r"^hooks/", r"^healthz/"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXY_COUNT else None
SECURE_HSTS_SECONDS = 0 if INSECURE_HTTP else 31_536_000
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = not INSECURE_HTTP
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = not INSECURE_HTTP
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
COOKIE_PREFIX = "" if INSECURE_HTTP else "__Host-"  # only https sets such a cookie, and only for this host
SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = f"{COOKIE_PREFIX}sessionid", f"{COOKIE_PREFIX}csrftoken"
SESSION_COOKIE_AGE = 12 * 60 * 60
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
X_FRAME_OPTIONS = "DENY"
SAME_ORIGIN_SOURCES = ("script-src", "style-src", "font-src", "connect-src", "form-action", "manifest-src")
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        **{name: [NONE] for name in ("default-src", "base-uri", "frame-ancestors")},
        **{name: [SELF] for name in SAME_ORIGIN_SOURCES},
        "img-src": [SELF, "data:"],
    }
}
UNUSED_BROWSER_FEATURES = ("camera", "display-capture", "geolocation", "microphone", "midi", "payment", "serial", "usb")
PERMISSIONS_POLICY: dict[str, list[str]] = {feature: [] for feature in UNUSED_BROWSER_FEATURES}
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_048_576
FILE_UPLOAD_HANDLERS = ["patients.files.upload_handler.MemoryUploadHandler"]
# A body that isn't complete by then is refused and its connection ended.
BODY_SECONDS = env.float("BODY_SECONDS", default=20.0)

REST_FRAMEWORK = {
    "UNAUTHENTICATED_USER": None,
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": [],
}

# --- words, times, files, mail ----------------------------------------------------------------------------------

LANGUAGE_CODE = "en-us"
USE_I18N = False
FORMAT_MODULE_PATH = "config.formats"
USE_TZ = True
TIME_ZONE = "UTC"

STATIC_URL = "/static/"
STATIC_ROOT = env.str("STATIC_ROOT", default=str(BASE_DIR / ".static"))
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_MANIFEST = env.bool("STATIC_MANIFEST", default=True)
STATIC_COMPRESS = env.bool("STATIC_COMPRESS", default=True)  # 20 s at collectstatic, which a loopback can do without
STATIC_STORAGE = {
    (True, True): "whitenoise.storage.CompressedManifestStaticFilesStorage",
    (True, False): "django.contrib.staticfiles.storage.ManifestStaticFilesStorage",
}.get((STATIC_MANIFEST, STATIC_COMPRESS), "django.contrib.staticfiles.storage.StaticFilesStorage")
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": STATIC_STORAGE},
}
WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = not STATIC_MANIFEST

EMAIL_CONFIG = env.email_url("EMAIL_URL", default="consolemail://")
vars().update(EMAIL_CONFIG)
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="Vitals at Home <no-reply@localhost>")
