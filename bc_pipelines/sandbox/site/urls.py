"""The addresses of the site, the same on every host."""

from django.contrib import admin
from django.contrib.staticfiles.views import serve
from django.http import HttpResponse
from django.urls import include, path
from wagtail import urls as wagtail_urls
from wagtail.admin import urls as wagtailadmin_urls
from wagtail.contrib.sitemaps.views import sitemap
from wagtail.documents import urls as wagtaildocs_urls

from bc_pipelines.sandbox.site.feedback import views as feedback
from bc_pipelines.sandbox.site.search.views import search


def robots(request):
    """Lets robots in everywhere, so that they can read the pages' own `noindex`."""
    return HttpResponse("User-Agent: *\nAllow: /\n", content_type="text/plain; charset=utf-8")


urlpatterns = [
    path("robots.txt", robots),
    path("sitemap.xml", sitemap),
    path("search/", search, name="search"),
    path("feedback/comment/", feedback.comment, name="feedback_comment"),
    path("feedback/usefulness/", feedback.usefulness, name="feedback_usefulness"),
    path("django-admin/", admin.site.urls),
    path("admin/", include(wagtailadmin_urls)),
    path("documents/", include(wagtaildocs_urls)),
    # Slow but without a build step, and enough for a few people who look at the sandbox's admin.
    path("static/<path:path>", serve, {"insecure": True}),
    path("", include(wagtail_urls)),
]
