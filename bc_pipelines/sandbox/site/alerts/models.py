"""A notice across the top of a page, or of it and all below."""

from django.db import models
from wagtail.fields import RichTextField
from wagtail.models import Page
from wagtail.snippets.models import register_snippet


@register_snippet
class Alert(models.Model):
    """A notice, its level and where it is shown."""

    PAGE_ONLY, PAGE_AND_BELOW = "page_only", "page_and_children"
    SHOWN_ON = [(PAGE_ONLY, "The page"), (PAGE_AND_BELOW, "The page and all below it")]

    title = models.CharField(max_length=255)
    content = RichTextField()
    page = models.ForeignKey(Page, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    show_on = models.CharField(max_length=20, choices=SHOWN_ON, default=PAGE_ONLY)
    alert_level = models.PositiveSmallIntegerField(default=1)

    def __str__(self):
        return self.title
