"""The search page of each site."""

from django.core.paginator import Paginator
from django.shortcuts import render
from wagtail.contrib.search_promotions.models import Query
from wagtail.models import Page, Site

from bc_pipelines.sandbox.site.search.models import Term

PAGE_SIZE = 10


def search(request):
    """Shows the pages of the site that match `?query=`, editors' promotions first, and counts the search."""
    words = request.GET.get("query", "").strip()
    site = Site.find_for_request(request)
    found, promoted = Page.objects.none(), []
    if words and site:
        query = Query.get(words)
        query.add_hit()
        promoted = list(query.editors_picks.all())
        below = Page.objects.live().public().descendant_of(site.root_page, inclusive=True)
        found = below.search(canonical(words))
    page = Paginator(found, PAGE_SIZE).get_page(request.GET.get("page"))
    return render(request, "pages/search.html", {"query": words, "results": page, "promotions": promoted})


def canonical(words):
    """Returns the editors' own word where the visitor used one of its synonyms."""
    term = Term.objects.filter(synonyms__contains=[words.lower()]).first()
    return term.canonical_term if term else words
