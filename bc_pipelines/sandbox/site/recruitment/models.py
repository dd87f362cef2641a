"""Pages, snippets and jobs of the recruitment sites, and the subscriptions to job alerts."""

from django.db import models
from wagtail.admin.panels import FieldPanel
from wagtail.documents import get_document_model_string
from wagtail.fields import RichTextField, StreamField
from wagtail.images import get_image_model_string
from wagtail.models import Orderable
from wagtail.snippets.models import register_snippet

from bc_pipelines.sandbox.site.utils.blocks import CardsBlock, LinkStreamBlock, StoryBlock
from bc_pipelines.sandbox.site.utils.pages import BasePage, searchable


@register_snippet
class AwardsSnippet(models.Model):
    heading = models.CharField(max_length=255)
    awards = StreamField(CardsBlock())

    def __str__(self):
        return self.heading


@register_snippet
class JobPlatformsMediaSnippet(models.Model):
    title = models.CharField(max_length=255)
    description = models.CharField(max_length=255, blank=True)
    cta = models.CharField(max_length=255, blank=True)
    job_platforms = StreamField(LinkStreamBlock(), blank=True)
    media_embed = StreamField(StoryBlock(), blank=True)

    def __str__(self):
        return self.title


class RecruitmentHomePage(BasePage):
    """The root of a recruitment site; each shows the jobs of its own board."""

    hero_title = models.CharField(max_length=255)
    hero_subtitle = models.CharField(max_length=255, blank=True)
    hero_image = models.ForeignKey(
        get_image_model_string(), null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    hero_link_text = models.CharField(max_length=255, blank=True)
    search_box_placeholder = models.CharField(max_length=255)
    body = StreamField(StoryBlock(), blank=True)
    job_board = models.CharField(max_length=20, unique=True)
    awards = models.ForeignKey(AwardsSnippet, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    media = models.ForeignKey(
        JobPlatformsMediaSnippet, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    related_recruitment_index_page = models.ForeignKey(
        "RecruitmentIndexPage", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    recruitment_index_link_text = models.CharField(max_length=255, blank=True)

    shown_with = "pages/recruitment_home.html"
    content_panels = [
        *BasePage.content_panels,
        FieldPanel("hero_title"),
        FieldPanel("hero_subtitle"),
        FieldPanel("search_box_placeholder"),
        FieldPanel("body"),
        FieldPanel("job_board"),
    ]
    search_fields = searchable("hero_title", "body")

    @property
    def open_jobs(self):
        """The published jobs of this board, the first to close at the top."""
        return self.jobs.filter(is_published=True).order_by("closing_date", "talentlink_id")


class RecruitmentIndexPage(BasePage):
    """What it is like to work for the council."""

    hero_subtitle = models.CharField(max_length=255, blank=True)
    hero_image = models.ForeignKey(
        get_image_model_string(), null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    body = StreamField(StoryBlock(), blank=True)

    content_panels = [*BasePage.content_panels, FieldPanel("hero_subtitle"), FieldPanel("body")]
    search_fields = searchable("body")


class JobSubcategory(models.Model):
    title = models.CharField(max_length=128, unique=True)

    def __str__(self):
        return self.title


@register_snippet
class JobCategory(Orderable):
    title = models.CharField(max_length=128)
    description = models.TextField(blank=True)
    slug = models.SlugField(max_length=255, allow_unicode=True, db_index=False)
    icon = models.CharField(max_length=20, blank=True)
    is_schools_and_early_years = models.BooleanField(default=False)
    subcategories = models.ManyToManyField(JobSubcategory, blank=True, related_name="categories")

    def __str__(self):
        return self.title


class TalentLinkJob(models.Model):
    """A job, imported from the council's recruitment system."""

    talentlink_id = models.IntegerField(unique=True)
    job_number = models.CharField(max_length=10)
    homepage = models.ForeignKey(RecruitmentHomePage, null=True, on_delete=models.SET_NULL, related_name="jobs")
    subcategory = models.ForeignKey(JobSubcategory, null=True, on_delete=models.SET_NULL, related_name="jobs")
    title = models.CharField(max_length=255)
    short_description = models.TextField()
    description = RichTextField()
    organisation = models.TextField(blank=True)
    contact_email = models.EmailField()
    contract_type = models.CharField(max_length=255)
    working_hours = models.CharField(max_length=255)
    salary_range = models.CharField(max_length=255)
    searchable_salary = models.CharField(max_length=255)
    dbs_check = models.TextField(blank=True)
    location_name = models.CharField(max_length=255)
    location_street_number = models.CharField(max_length=32, blank=True)
    location_street = models.CharField(max_length=255, blank=True)
    location_city = models.CharField(max_length=32, blank=True)
    location_region = models.CharField(max_length=32, blank=True)
    location_country = models.CharField(max_length=32, blank=True)
    location_postcode = models.CharField(max_length=8, blank=True)
    location_lat = models.DecimalField(max_digits=9, decimal_places=6, null=True)
    location_lon = models.DecimalField(max_digits=9, decimal_places=6, null=True)
    closing_date = models.DateField()
    interview_date = models.DateField(null=True)
    expected_start_date = models.DateField(null=True)
    posting_start_date = models.DateTimeField()
    posting_end_date = models.DateTimeField()
    application_url_query = models.CharField(max_length=255)
    show_apply_button = models.BooleanField(default=True)
    is_published = models.BooleanField(default=True)
    logo = models.ForeignKey(get_image_model_string(), null=True, on_delete=models.SET_NULL, related_name="+")
    attachments = models.ManyToManyField(get_document_model_string(), blank=True, related_name="jobs")
    created = models.DateTimeField(auto_now_add=True)
    last_modified = models.DateTimeField(auto_now=True)
    last_imported = models.DateTimeField()

    def __str__(self):
        return f"{self.job_number} {self.title}"


class JobAlertSubscription(models.Model):
    """Someone's wish to be told of new jobs; the token is the secret of the link that changes or ends it."""

    email = models.EmailField()
    # The search as JSON: what the visitor typed and chose.
    search = models.TextField()
    confirmed = models.BooleanField(default=False)
    created = models.DateTimeField(auto_now_add=True)
    token = models.CharField(max_length=255, unique=True)
    homepage = models.ForeignKey(RecruitmentHomePage, null=True, on_delete=models.CASCADE, related_name="subscriptions")


class JobAlertNotificationTask(models.Model):
    """One mailing of job alerts."""

    started = models.DateTimeField(auto_now_add=True)
    ended = models.DateTimeField(null=True)
    is_successful = models.BooleanField(default=False)
