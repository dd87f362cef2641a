"""The base of every page: what search engines, social media and listings show, and where it redirects."""

from django.db import models
from django.shortcuts import redirect
from django.utils.decorators import method_decorator
from django.utils.html import escape, linebreaks
from django.utils.safestring import mark_safe
from django.views.decorators.cache import cache_control
from wagtail.admin.panels import FieldPanel, MultiFieldPanel, PageChooserPanel
from wagtail.fields import RichTextField
from wagtail.images import get_image_model_string
from wagtail.models import Orderable, Page
from wagtail.rich_text import expand_db_html
from wagtail.search import index

from bc_pipelines.sandbox.site.alerts.models import Alert


# What the council's site tells the cache in front of it.
@method_decorator(cache_control(public=True, s_maxage=600, stale_while_revalidate=30), name="serve")
class BasePage(Page):
    """What every page of the site has beside its own content."""

    social_image = models.ForeignKey(
        get_image_model_string(), null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    social_text = models.CharField(max_length=255, blank=True)
    listing_image = models.ForeignKey(
        get_image_model_string(), null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    listing_title = models.CharField(max_length=255, blank=True)
    listing_summary = models.CharField(max_length=255, blank=True)
    redirect_to = models.URLField(blank=True, help_text="Send visitors to this address instead of showing the page.")
    show_live_chat_client = models.BooleanField(default=False)

    # Not `template`, which Wagtail sets anew for every subclass that does not name one itself.
    shown_with = "pages/page.html"
    promote_panels = [
        *Page.promote_panels,
        MultiFieldPanel(
            [FieldPanel("listing_image"), FieldPanel("listing_title"), FieldPanel("listing_summary")], heading="Listing"
        ),
        MultiFieldPanel([FieldPanel("social_image"), FieldPanel("social_text")], heading="Social media"),
    ]
    settings_panels = [*Page.settings_panels, FieldPanel("redirect_to"), FieldPanel("show_live_chat_client")]

    class Meta:
        abstract = True

    def get_template(self, request, *args, **kwargs):
        """Returns the name of the template that shows this type of page."""
        return self.shown_with

    def serve(self, request, *args, **kwargs):
        """Redirects if the page says so, else shows it."""
        if self.redirect_to:
            return redirect(self.redirect_to)
        return super().serve(request, *args, **kwargs)

    @property
    def introductory_text(self):
        """The first text of the page as HTML, whatever the page's type calls it."""
        for name in ("introduction", "intro_text", "strapline", "description", "hero_subtitle"):
            if text := getattr(self, name, ""):
                is_rich = isinstance(self._meta.get_field(name), RichTextField)
                return mark_safe(expand_db_html(text) if is_rich else linebreaks(escape(text)))  # noqa: S308
        return ""

    @property
    def alerts(self):
        """The notices for this page: its own, and those that pages above it pass down."""
        passed_down = models.Q(page__in=self.get_ancestors(), show_on=Alert.PAGE_AND_BELOW)
        return Alert.objects.filter(passed_down | models.Q(page=self.page_ptr_id)).order_by("-alert_level", "id")

    @property
    def listed_pages(self):
        """The live pages below this one, in the order of the tree."""
        return self.get_children().live().public()


class RelatedPage(Orderable):
    """A page that another one recommends; the other one is `source_page` of the subclass."""

    page = models.ForeignKey("wagtailcore.Page", on_delete=models.CASCADE, related_name="+")

    panels = [PageChooserPanel("page")]

    class Meta(Orderable.Meta):
        abstract = True


def searchable(*fields):
    """Returns the search fields of a page whose own text stands in `fields`."""
    return [*Page.search_fields, *(index.SearchField(field) for field in fields)]
