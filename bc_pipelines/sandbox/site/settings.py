"""Django's settings for the sandbox's site; everything that differs between apps comes from environment variables."""

import os
from pathlib import Path

from bc_pipelines.sandbox.site import environment

PACKAGE = "bc_pipelines.sandbox.site"
BASE_DIR = Path(__file__).resolve().parent

# --- who may ask, and how -------------------------------------------------------------------------------------------
DEBUG = False
SECRET_KEY = environment.required("SECRET_KEY")
ALLOWED_HOSTS = environment.words("ALLOWED_HOSTS", "localhost,127.0.0.1")
SECURE_SSL_REDIRECT = environment.switch("SECURE_SSL_REDIRECT", default=True)
SECURE_HSTS_SECONDS = int(os.environ.get("SECURE_HSTS_SECONDS", "0"))
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SESSION_COOKIE_SECURE = SECURE_SSL_REDIRECT
CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT
# Pages open in Wagtail's own preview frame only.
X_FRAME_OPTIONS = "SAMEORIGIN"

BASIC_AUTH_ENABLED = environment.switch("BASIC_AUTH_ENABLED", default=False)
BASIC_AUTH_LOGIN = os.environ.get("BASIC_AUTH_LOGIN", "")
BASIC_AUTH_PASSWORD = os.environ.get("BASIC_AUTH_PASSWORD", "")

# --- search engines -------------------------------------------------------------------------------------------------
NONINDEXED_HOSTS = environment.words("NONINDEXED_HOSTS")
SEO_NOINDEX = environment.switch("SEO_NOINDEX", default=False)

# --- apps -----------------------------------------------------------------------------------------------------------
# The last part of each name is the app's label, and so the first part of its tables' names: as the council's.
OWN_APPS = [
    "alerts",
    "blogs",
    "cases",
    "documents",
    "events",
    "family_information",
    "feedback",
    "forms",
    "home",
    "images",
    "location",
    "navigation",
    "news",
    "recruitment",
    "search",
    "service_directory",
    "standardpages",
    "users",
    "utils",
    "wagtail_transfer",
]
INSTALLED_APPS = [
    *(f"{PACKAGE}.{label}" for label in OWN_APPS),
    "birdbath",
    "wagtail.contrib.forms",
    "wagtail.contrib.redirects",
    "wagtail.contrib.search_promotions",
    "wagtail.contrib.settings",
    "wagtail.contrib.sitemaps",
    "wagtail.embeds",
    "wagtail.sites",
    "wagtail.users",
    "wagtail.snippets",
    "wagtail.documents",
    "wagtail.images",
    "wagtail.search",
    "wagtail.admin",
    "wagtail",
    "modelcluster",
    "taggit",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.postgres",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.sitemaps",
    "django.contrib.staticfiles",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    f"{PACKAGE}.utils.basic_auth.BasicAuthMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "wagtail.contrib.redirects.middleware.RedirectMiddleware",
]
ROOT_URLCONF = f"{PACKAGE}.urls"
WSGI_APPLICATION = f"{PACKAGE}.wsgi.application"
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
                "wagtail.contrib.settings.context_processors.settings",
                f"{PACKAGE}.utils.context_processors.site",
            ],
        },
    }
]

# --- database, caches, mail -----------------------------------------------------------------------------------------
DATABASES = {"default": environment.database(environment.required("DATABASE_URL"))}
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
REDIS_URL = os.environ.get("REDIS_URL", "")
if REDIS_URL:
    CACHES = {
        alias: {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": f"{REDIS_URL}/{number}",
            # As the council's: nobody vouches for the certificates of Heroku's servers.
            "OPTIONS": {"ssl_cert_reqs": "none"} if REDIS_URL.startswith("rediss:") else {},
        }
        for number, alias in enumerate(("default", "renditions"))
    }
else:
    CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "database_cache"},
    }
BIRDBATH_REQUIRED = environment.switch("BIRDBATH_REQUIRED", default=False)
EMAIL_HOST = os.environ.get("EMAIL_HOST", "")
EMAIL_BACKEND = f"django.core.mail.backends.{'smtp' if EMAIL_HOST else 'dummy'}.EmailBackend"

# --- language and time ----------------------------------------------------------------------------------------------
LANGUAGE_CODE = "en-gb"
TIME_ZONE = "Europe/London"
USE_I18N = True
USE_TZ = True

# --- users ----------------------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "users.User"
LOGIN_URL = "wagtailadmin_login"
LOGIN_REDIRECT_URL = "wagtailadmin_home"

# --- files ----------------------------------------------------------------------------------------------------------
# A dyno has no disk of its own: visitors fetch media from the bucket, and only the seed writes files, into a folder
# that the sandbox uploads.
AWS_STORAGE_BUCKET_NAME = os.environ.get("AWS_STORAGE_BUCKET_NAME", "media")
AWS_S3_ENDPOINT_URL = os.environ.get("AWS_S3_ENDPOINT_URL", "").rstrip("/")
MEDIA_URL = f"{AWS_S3_ENDPOINT_URL}/{AWS_STORAGE_BUCKET_NAME}/"
MEDIA_ROOT = os.environ.get("BC_MEDIA_ROOT", "")
STATIC_URL = "/static/"
STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.AppDirectoriesFinder"]
STORAGES = {
    "default": {"BACKEND": f"{PACKAGE}.utils.storage.BucketFolderStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}

# --- Wagtail --------------------------------------------------------------------------------------------------------
WAGTAIL_SITE_NAME = "Buckinghamshire"
WAGTAILADMIN_BASE_URL = os.environ.get("WAGTAILADMIN_BASE_URL", "https://www.buckinghamshire.example")
WAGTAILIMAGES_IMAGE_MODEL = "images.CustomImage"
WAGTAILDOCS_DOCUMENT_MODEL = "documents.CustomDocument"
WAGTAILDOCS_SERVE_METHOD = "direct"
WAGTAILSEARCH_BACKENDS = {
    "default": {"BACKEND": "wagtail.search.backends.database", "SEARCH_CONFIG": "english"},
}
WAGTAIL_ENABLE_UPDATE_CHECK = False
WAGTAIL_ENABLE_WHATS_NEW_BANNER = False
WAGTAIL_WORKFLOW_ENABLED = True
WAGTAILEMBEDS_RESPONSIVE_HTML = True

# --- the sites ------------------------------------------------------------------------------------------------------
# The hosts that `manage.py seed` gives its Site records, in the order of seed.sites.SITES.
BC_SITE_HOSTS = environment.words(
    "BC_SITE_HOSTS",
    "www.buckinghamshire.example,jobs.buckinghamshire.example,internaljobs.buckinghamshire.example,"
    "fis.buckinghamshire.example,careadvice.buckinghamshire.example",
)
