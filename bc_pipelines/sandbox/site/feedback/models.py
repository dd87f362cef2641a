"""Feedback that visitors leave at the foot of a page."""

from django.db import models
from wagtail.models import Page


class Feedback(models.Model):
    """Which page a visitor was on, and when; the address is kept because the page may go."""

    page = models.ForeignKey(Page, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    original_url = models.URLField(max_length=2048)
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        abstract = True


class UsefulnessFeedback(Feedback):
    """Whether the page was useful."""

    useful = models.BooleanField()


class FeedbackComment(Feedback):
    """What the visitor was doing and what went wrong."""

    action = models.CharField(max_length=500)
    issue = models.CharField(max_length=500)
