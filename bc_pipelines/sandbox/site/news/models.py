"""News pages, their types and their index."""

from django.db import models
from modelcluster.fields import ParentalKey
from wagtail.admin.panels import FieldPanel, InlinePanel
from wagtail.fields import StreamField
from wagtail.snippets.models import register_snippet

from bc_pipelines.sandbox.site.utils.blocks import StoryBlock
from bc_pipelines.sandbox.site.utils.pages import BasePage, RelatedPage, searchable


@register_snippet
class NewsType(models.Model):
    title = models.CharField(max_length=128)

    def __str__(self):
        return self.title


class NewsIndex(BasePage):
    """The list of all news."""


class NewsPage(BasePage):
    """One piece of news."""

    # Set by hand where the date on the page is not that of its publication.
    publication_date = models.DateTimeField(null=True, blank=True)
    introduction = models.TextField(blank=True)
    body = StreamField(StoryBlock())

    content_panels = [
        *BasePage.content_panels,
        FieldPanel("publication_date"),
        FieldPanel("introduction"),
        FieldPanel("body"),
        InlinePanel("news_types", label="Types"),
        InlinePanel("related_pages", label="Related pages"),
    ]
    search_fields = searchable("introduction", "body")


class NewsPageNewsType(models.Model):
    page = ParentalKey(NewsPage, on_delete=models.CASCADE, related_name="news_types")
    news_type = models.ForeignKey(NewsType, on_delete=models.CASCADE, related_name="+")

    panels = [FieldPanel("news_type")]


class NewsPageRelatedPage(RelatedPage):
    source_page = ParentalKey(NewsPage, on_delete=models.CASCADE, related_name="related_pages")
