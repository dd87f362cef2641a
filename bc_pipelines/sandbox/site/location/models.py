"""Location pages, with published contact data, and their index."""

from django.db import models
from modelcluster.fields import ParentalKey
from wagtail.admin.panels import FieldPanel
from wagtail.fields import RichTextField, StreamField
from wagtail.images import get_image_model_string

from bc_pipelines.sandbox.site.utils.blocks import StoryBlock
from bc_pipelines.sandbox.site.utils.pages import BasePage, RelatedPage, searchable


class LocationIndexPage(BasePage):
    """The list of places."""

    body = RichTextField(blank=True)
    additional_info = StreamField(StoryBlock(), blank=True)

    content_panels = [*BasePage.content_panels, FieldPanel("body"), FieldPanel("additional_info")]
    search_fields = searchable("body")


class LocationPage(BasePage):
    """One place: where it is and whom to ask."""

    image = models.ForeignKey(
        get_image_model_string(), null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    street_address_1 = models.CharField(max_length=255, blank=True)
    street_address_2 = models.CharField(max_length=255, blank=True)
    city = models.CharField(max_length=255, blank=True)
    postcode = models.CharField(max_length=255, blank=True)
    telephone = models.CharField(max_length=16, blank=True)
    email_address = models.EmailField(blank=True)
    map_location = models.TextField(blank=True)
    map_info_text = models.TextField(null=True, blank=True)
    latlng = models.CharField(max_length=250, blank=True)
    body = StreamField(StoryBlock(), blank=True)
    additional_info = StreamField(StoryBlock(), blank=True)

    shown_with = "pages/location.html"
    content_panels = [
        *BasePage.content_panels,
        FieldPanel("street_address_1"),
        FieldPanel("city"),
        FieldPanel("postcode"),
        FieldPanel("telephone"),
        FieldPanel("email_address"),
        FieldPanel("body"),
    ]
    search_fields = searchable("body", "street_address_1", "city")


class LocationPageRelatedPage(RelatedPage):
    source_page = ParentalKey(LocationPage, on_delete=models.CASCADE, related_name="related_pages")
