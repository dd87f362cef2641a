"""The home page of the main site."""

from django.db import models
from wagtail.admin.panels import FieldPanel
from wagtail.images import get_image_model_string

from bc_pipelines.sandbox.site.utils.models import CallToActionSnippet
from bc_pipelines.sandbox.site.utils.pages import BasePage, searchable


class HomePage(BasePage):
    """The page at the root of the main site."""

    strapline = models.CharField(max_length=255, blank=True)
    hero_image = models.ForeignKey(
        get_image_model_string(), null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    logo = models.ForeignKey(
        get_image_model_string(), null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    call_to_action = models.ForeignKey(
        CallToActionSnippet, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    content_panels = [
        *BasePage.content_panels,
        FieldPanel("strapline"),
        FieldPanel("hero_image"),
        FieldPanel("logo"),
        FieldPanel("call_to_action"),
    ]
    search_fields = searchable("strapline")
