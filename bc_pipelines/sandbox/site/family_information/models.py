"""Home and category pages of the sub-sites, and the officers whom schools can ask."""

from django.core.validators import validate_email
from django.db import models
from modelcluster.fields import ParentalKey
from wagtail.admin.panels import FieldPanel, InlinePanel
from wagtail.fields import StreamField
from wagtail.images import get_image_model_string
from wagtail.models import Orderable
from wagtail.snippets.models import register_snippet

from bc_pipelines.sandbox.site.utils.blocks import CardsBlock, LinkStreamBlock, StoryBlock
from bc_pipelines.sandbox.site.utils.models import CallToActionSnippet, TopTask
from bc_pipelines.sandbox.site.utils.pages import BasePage, searchable


@register_snippet
class EHCCo(models.Model):
    """A co-ordinator of education, health and care plans: an officer whose name and address are public."""

    name = models.CharField(max_length=255)
    email = models.EmailField()

    def __str__(self):
        return self.name


@register_snippet
class School(models.Model):
    name = models.TextField()
    ehc_co = models.ForeignKey(EHCCo, null=True, blank=True, on_delete=models.SET_NULL, related_name="schools")
    # A CharField, because an EmailField always has a length and the council's column has none.
    hub_email = models.CharField(validators=[validate_email])

    def __str__(self):
        return self.name


class BannerPage(BasePage):
    """A page of a sub-site with a banner, its most wanted tasks and a search of the service directory."""

    banner_title = models.TextField(blank=True)
    banner_description = models.TextField(blank=True)
    banner_image = models.ForeignKey(
        get_image_model_string(), null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    banner_link = models.URLField(blank=True)
    banner_link_text = models.CharField(max_length=100, blank=True)
    top_tasks_heading = models.CharField(max_length=255, blank=True)
    directory_search = StreamField(LinkStreamBlock(), blank=True)

    class Meta:
        abstract = True


class SubsiteHomePage(BannerPage):
    """The page at the root of a sub-site."""

    heading = models.CharField(max_length=255, blank=True)
    description = models.TextField(blank=True)
    search_placeholder = models.CharField(max_length=100, blank=True)
    search_prompt_text = models.TextField(blank=True)
    is_pensions_site = models.BooleanField(default=False)
    hero_image = models.ForeignKey(
        get_image_model_string(), null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    call_to_action = models.ForeignKey(
        CallToActionSnippet, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    highlighted_cards = StreamField(CardsBlock(), blank=True)

    content_panels = [
        *BasePage.content_panels,
        FieldPanel("heading"),
        FieldPanel("description"),
        FieldPanel("highlighted_cards"),
        InlinePanel("top_tasks", label="Top tasks"),
    ]
    search_fields = searchable("description")


class CategoryPage(BannerPage):
    """One subject of a sub-site."""

    display_banner_at_top = models.BooleanField(default=False)
    display_featured_images = models.BooleanField(default=False)
    other_pages_heading = models.CharField(max_length=255, blank=True)
    body = StreamField(StoryBlock(), blank=True)

    content_panels = [*BasePage.content_panels, FieldPanel("body"), InlinePanel("top_tasks", label="Top tasks")]
    search_fields = searchable("body")


class SubsiteHomePageTopTask(Orderable):
    source = ParentalKey(SubsiteHomePage, on_delete=models.CASCADE, related_name="top_tasks")
    top_task = models.ForeignKey(TopTask, on_delete=models.CASCADE, related_name="+")


class CategoryPageTopTask(Orderable):
    source = ParentalKey(CategoryPage, on_delete=models.CASCADE, related_name="top_tasks")
    top_task = models.ForeignKey(TopTask, on_delete=models.CASCADE, related_name="+")
