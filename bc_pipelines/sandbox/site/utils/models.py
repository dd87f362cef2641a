"""Snippets and settings of a site that belong to no other app."""

from django.db import models
from wagtail.admin.panels import FieldPanel
from wagtail.contrib.settings.models import BaseSiteSetting, register_setting
from wagtail.fields import RichTextField, StreamField
from wagtail.images import get_image_model_string
from wagtail.models import Page
from wagtail.snippets.models import register_snippet

from bc_pipelines.sandbox.site.utils.blocks import LinkStreamBlock


@register_snippet
class CallToActionSnippet(models.Model):
    """A box that asks the visitor to do something."""

    title = models.CharField(max_length=255)
    summary = RichTextField(blank=True)
    image = models.ForeignKey(
        get_image_model_string(), null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    link = StreamField(LinkStreamBlock(), blank=True)

    panels = [FieldPanel("title"), FieldPanel("summary"), FieldPanel("image"), FieldPanel("link")]

    def __str__(self):
        return self.title


@register_snippet
class TopTask(models.Model):
    """A thing that many visitors come for."""

    link_text = models.CharField(max_length=255)
    link_url = models.URLField(blank=True)
    link_page = models.ForeignKey(Page, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")

    panels = [FieldPanel("link_text"), FieldPanel("link_url"), FieldPanel("link_page")]

    def __str__(self):
        return self.link_text


@register_setting
class ImportantPages(BaseSiteSetting):
    """Pages that the templates of a site link to."""

    contact_us_page = models.ForeignKey(Page, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    cookie_information_page = models.ForeignKey(
        Page, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    directory_url = models.URLField(blank=True)


@register_setting
class SocialMediaSettings(BaseSiteSetting):
    """Where a site is on social media."""

    twitter_handle = models.CharField(max_length=255, blank=True)
    facebook_app_id = models.CharField(max_length=255, blank=True)
    instagram_username = models.CharField(max_length=255, blank=True)
    linkedin_organisation_url = models.CharField(max_length=255, blank=True)
    youtube_channel_url = models.URLField(blank=True)
    default_sharing_text = models.CharField(max_length=255, blank=True)
    site_name = models.CharField(max_length=255, blank=True, default="")


@register_setting
class SystemMessagesSettings(BaseSiteSetting):
    """What a site says where it has nothing to show."""

    title_404 = models.CharField("Title", max_length=255, default="Page not found")
    body_404 = RichTextField("Text", default="<p>You may be trying to find a page that does not exist.</p>")
    body_no_search_results = RichTextField(blank=True)
    search_cta_title = models.CharField(max_length=255, blank=True)
    search_cta_button = StreamField(LinkStreamBlock(), blank=True)
    search_input_help_text = models.TextField(null=True, blank=True)
