"""What every template knows about the site that was asked for."""

from django.conf import settings
from django.http.request import split_domain_port
from wagtail.models import Site

from bc_pipelines.sandbox.site.navigation.models import NavigationSettings


def site(request):
    """Returns `current_site`, its navigation, whether search engines must keep out, and the canonical address."""
    current = Site.find_for_request(request)
    if current is None:
        return {"current_site": None, "seo_noindex": True}
    return {
        "current_site": current,
        "navigation": NavigationSettings.for_request(request),
        "menu": current.root_page.get_children().live().in_menu(),
        "seo_noindex": is_hidden(request, current),
        "canonical_url": f"{current.root_url}{request.path}",
    }


def is_hidden(request, current):
    """Returns whether the page must say `noindex`.

    It must on a host that is not the Site record's own, on any host of NONINDEXED_HOSTS and wherever SEO_NOINDEX is
    set. So a copy of production says it until its Site records are given the copy's hosts, and no longer.
    """
    host, _ = split_domain_port(request.get_host())
    return host != current.hostname or host in settings.NONINDEXED_HOSTS or settings.SEO_NOINDEX
