"""Form pages, their fields and what was sent in."""

from django.contrib.auth.models import Group
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from modelcluster.fields import ParentalKey
from wagtail.admin.panels import FieldPanel, FieldRowPanel, InlinePanel, MultiFieldPanel
from wagtail.contrib.forms.models import AbstractEmailForm, AbstractFormField
from wagtail.contrib.forms.models import FormSubmission as WagtailFormSubmission
from wagtail.fields import RichTextField
from wagtail.models import Page

from bc_pipelines.sandbox.site.utils.pages import BasePage, RelatedPage, searchable


class FormSubmission(WagtailFormSubmission):
    """What one visitor sent in; Wagtail's own table."""

    class Meta:
        proxy = True


# Its form holds a token for one visitor.
@method_decorator(never_cache, name="serve")
class FormPage(AbstractEmailForm, BasePage):
    """A form; what is sent in is kept, and mailed to `to_address`."""

    introduction = RichTextField(blank=True)
    action_text = models.CharField(max_length=32, blank=True)
    thank_you_heading = models.CharField(max_length=200, blank=True)
    thank_you_text = RichTextField(blank=True)
    # Days after which submissions are deleted; 0 = never.
    auto_delete = models.PositiveIntegerField(default=0)

    shown_with = "pages/form.html"
    landing_page_template = "pages/form_landing.html"
    content_panels = [
        *BasePage.content_panels,
        FieldPanel("introduction"),
        InlinePanel("form_fields", label="Form fields"),
        FieldPanel("action_text"),
        FieldPanel("thank_you_heading"),
        FieldPanel("thank_you_text"),
        MultiFieldPanel(
            [FieldRowPanel([FieldPanel("from_address"), FieldPanel("to_address")]), FieldPanel("subject")], "Email"
        ),
    ]
    search_fields = searchable("introduction")

    def get_submission_class(self):
        """Returns the proxy under which submissions are kept."""
        return FormSubmission


class FormField(AbstractFormField):
    page = ParentalKey(FormPage, on_delete=models.CASCADE, related_name="form_fields")
    additional_text = RichTextField(blank=True)

    panels = [*AbstractFormField.panels, FieldPanel("additional_text")]


class FormSubmissionAccessControl(models.Model):
    """The groups that may read submissions; one row."""

    groups_with_access = models.ManyToManyField(Group, blank=True)


class LookupPage(BasePage):
    """Asks for a postcode and answers with what applies there."""

    form_heading = models.TextField()
    input_label = models.CharField(max_length=255)
    input_help_text = models.CharField(max_length=255)
    action_text = models.CharField(max_length=32, blank=True)
    no_match_message = models.CharField(max_length=255)
    start_again_text = models.CharField(max_length=255)

    content_panels = [*BasePage.content_panels, FieldPanel("form_heading"), FieldPanel("input_label")]


class LookupPageRelatedPage(RelatedPage):
    source_page = ParentalKey(LookupPage, on_delete=models.CASCADE, related_name="related_pages")


class PostcodeLookupResponse(models.Model):
    """The answer for a list of postcodes."""

    page = ParentalKey(LookupPage, on_delete=models.CASCADE, related_name="postcode_responses")
    postcodes = ArrayField(models.CharField(max_length=10))
    answer = RichTextField()
    link_page = models.ForeignKey(Page, on_delete=models.CASCADE, related_name="+")
    link_button_text = models.CharField(max_length=32)
