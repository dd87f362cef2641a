"""The page of a complaints or information-request form; the sandbox has no case system behind it."""

from django.db import models
from modelcluster.fields import ParentalKey
from wagtail.admin.panels import FieldPanel
from wagtail.fields import RichTextField, StreamField

from bc_pipelines.sandbox.site.utils.blocks import StoryBlock
from bc_pipelines.sandbox.site.utils.pages import BasePage, RelatedPage, searchable


class ApteanRespondCaseFormPage(BasePage):
    """Explains a case form; the session keeps the reference of the case that a visitor opened."""

    form = models.CharField(max_length=255)
    introduction = RichTextField(blank=True)
    body = StreamField(StoryBlock(), blank=True)
    pre_submission_text = RichTextField(blank=True)
    action_text = models.CharField(max_length=32, blank=True)
    completion_title = models.CharField(max_length=255)
    completion_content = RichTextField(blank=True)

    content_panels = [*BasePage.content_panels, FieldPanel("introduction"), FieldPanel("body"), FieldPanel("form")]
    search_fields = searchable("introduction")


class ApteanRespondCaseFormPageRelatedPage(RelatedPage):
    source_page = ParentalKey(ApteanRespondCaseFormPage, on_delete=models.CASCADE, related_name="related_pages")
