"""The WSGI application that a web dyno's gunicorn serves."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bc_pipelines.sandbox.site.settings")

application = get_wsgi_application()
