"""Links in the header and the footer, one row for each Site."""

from django.db import models
from wagtail.admin.panels import FieldPanel
from wagtail.contrib.settings.models import BaseSiteSetting, register_setting
from wagtail.fields import StreamField

from bc_pipelines.sandbox.site.utils.blocks import LinkColumnsBlock, LinkStreamBlock


@register_setting
class NavigationSettings(BaseSiteSetting):
    """Header title and footer links of one site."""

    header_title = models.CharField(max_length=250, null=True, blank=True)
    footer_columns = StreamField(LinkColumnsBlock(), blank=True)
    footer_links = StreamField(LinkStreamBlock(), blank=True)

    panels = [FieldPanel("header_title"), FieldPanel("footer_columns"), FieldPanel("footer_links")]
