"""Index, information and redirect pages."""

from django.db import models
from django.shortcuts import redirect
from modelcluster.fields import ParentalKey
from wagtail.admin.panels import FieldPanel, InlinePanel
from wagtail.fields import RichTextField, StreamField
from wagtail.models import Page

from bc_pipelines.sandbox.site.utils.blocks import StoryBlock
from bc_pipelines.sandbox.site.utils.pages import BasePage, RelatedPage, searchable


class IndexPage(BasePage):
    """A list of the pages below it."""

    introduction = models.TextField(blank=True)

    content_panels = [*BasePage.content_panels, FieldPanel("introduction")]
    search_fields = searchable("introduction")


class InformationPage(BasePage):
    """What the council has to say on one subject."""

    intro_text = RichTextField(blank=True)
    body = StreamField(StoryBlock(), blank=True)
    display_contents = models.BooleanField(default=False)

    content_panels = [
        *BasePage.content_panels,
        FieldPanel("intro_text"),
        FieldPanel("body"),
        FieldPanel("display_contents"),
        InlinePanel("related_pages", label="Related pages"),
    ]
    search_fields = searchable("intro_text", "body")


class InformationPageRelatedPage(RelatedPage):
    source_page = ParentalKey(InformationPage, on_delete=models.CASCADE, related_name="related_pages")


class RedirectPage(BasePage):
    """A place in the menu that leads elsewhere."""

    external_url = models.URLField(blank=True)
    internal_page = models.ForeignKey(Page, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")

    content_panels = [*BasePage.content_panels, FieldPanel("external_url"), FieldPanel("internal_page")]

    def serve(self, request, *args, **kwargs):
        """Redirects to the page or the address that the editor chose."""
        return redirect(self.internal_page.get_full_url(request) if self.internal_page else self.external_url)
