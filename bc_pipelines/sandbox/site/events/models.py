"""Event pages, their types and their index."""

from django.db import models
from modelcluster.fields import ParentalKey
from wagtail.admin.panels import FieldPanel, InlinePanel
from wagtail.fields import StreamField
from wagtail.snippets.models import register_snippet

from bc_pipelines.sandbox.site.utils.blocks import StoryBlock
from bc_pipelines.sandbox.site.utils.pages import BasePage, RelatedPage, searchable


@register_snippet
class EventType(models.Model):
    title = models.CharField(max_length=255)

    def __str__(self):
        return self.title


class EventIndexPage(BasePage):
    """The list of events."""

    description = models.TextField(blank=True)
    fetch_all_events = models.BooleanField(default=False)

    content_panels = [*BasePage.content_panels, FieldPanel("description"), FieldPanel("fetch_all_events")]
    search_fields = searchable("description")


class EventPage(BasePage):
    """One event: when and where it is."""

    introduction = models.TextField(blank=True)
    body = StreamField(StoryBlock())
    start_date = models.DateField()
    start_time = models.TimeField(null=True, blank=True)
    end_date = models.DateField(null=True, blank=True)
    end_time = models.TimeField(null=True, blank=True)
    location_name = models.CharField(max_length=255, blank=True)
    street_address_1 = models.CharField(max_length=255, blank=True)
    street_address_2 = models.CharField(max_length=255, blank=True)
    city = models.CharField(max_length=255, blank=True)
    region = models.CharField(max_length=255, blank=True)
    postcode = models.CharField(max_length=255, blank=True)
    country = models.CharField(max_length=255, blank=True)

    shown_with = "pages/event.html"
    content_panels = [
        *BasePage.content_panels,
        FieldPanel("introduction"),
        FieldPanel("body"),
        FieldPanel("start_date"),
        FieldPanel("location_name"),
        InlinePanel("event_types", label="Types"),
    ]
    search_fields = searchable("introduction", "body")


class EventPageEventType(models.Model):
    page = ParentalKey(EventPage, on_delete=models.CASCADE, related_name="event_types")
    event_type = models.ForeignKey(EventType, on_delete=models.CASCADE, related_name="+")

    panels = [FieldPanel("event_type")]


class EventPageRelatedPage(RelatedPage):
    source_page = ParentalKey(EventPage, on_delete=models.CASCADE, related_name="related_pages")
