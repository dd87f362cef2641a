"""Pages of blogs, and the subscriptions to their alerts."""

from django.db import models
from modelcluster.fields import ParentalKey, ParentalManyToManyField
from wagtail.admin.panels import FieldPanel, InlinePanel
from wagtail.fields import StreamField
from wagtail.images import get_image_model_string
from wagtail.models import Orderable, Page

from bc_pipelines.sandbox.site.utils.blocks import StoryBlock
from bc_pipelines.sandbox.site.utils.pages import BasePage, RelatedPage, searchable


class BlogGlobalHomePage(BasePage):
    """The list of the council's blogs."""


class BlogHomePage(BasePage):
    """One blog."""

    about_title = models.TextField()
    about_description = models.TextField()
    about_page = models.ForeignKey(Page, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    featured_blogpost_page = models.ForeignKey(
        "BlogPostPage", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    featured_blogpost_image = models.ForeignKey(
        get_image_model_string(), null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    facebook_page_url = models.CharField(max_length=255, blank=True)
    linkedin_url = models.CharField(max_length=255, blank=True)
    twitter_handle = models.CharField(max_length=255, blank=True)
    youtube_channel_url = models.URLField(blank=True)

    content_panels = [
        *BasePage.content_panels,
        FieldPanel("about_title"),
        FieldPanel("about_description"),
        InlinePanel("blog_categories", label="Categories"),
    ]
    search_fields = searchable("about_title", "about_description")


class BlogHomePageCategories(Orderable):
    """A category of one blog."""

    page = ParentalKey(BlogHomePage, on_delete=models.CASCADE, related_name="blog_categories")
    name = models.TextField()
    slug = models.SlugField()

    class Meta(Orderable.Meta):
        unique_together = [("page", "slug")]

    def __str__(self):
        return self.name


class BlogHomePageRelatedPage(RelatedPage):
    source_page = ParentalKey(BlogHomePage, on_delete=models.CASCADE, related_name="related_pages")


class BlogPostPage(BasePage):
    """One post of a blog."""

    author = models.TextField()
    date_published = models.DateField()
    intro_text = models.TextField(blank=True)
    body = StreamField(StoryBlock())
    image = models.ForeignKey(
        get_image_model_string(), null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    categories = ParentalManyToManyField(BlogHomePageCategories, blank=True, related_name="posts")

    content_panels = [
        *BasePage.content_panels,
        FieldPanel("author"),
        FieldPanel("date_published"),
        FieldPanel("intro_text"),
        FieldPanel("body"),
        FieldPanel("image"),
    ]
    search_fields = searchable("author", "intro_text", "body")


class BlogAboutPage(BasePage):
    """What a blog is about, and who writes it."""

    intro_text = models.TextField(blank=True)
    body = StreamField(StoryBlock())
    image = models.ForeignKey(
        get_image_model_string(), null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    content_panels = [*BasePage.content_panels, FieldPanel("intro_text"), FieldPanel("body"), FieldPanel("image")]
    search_fields = searchable("intro_text", "body")


class BlogAlertSubscription(models.Model):
    """Someone's wish to be told of new posts; the token is the secret of the link that ends it."""

    email = models.EmailField()
    confirmed = models.BooleanField(default=False)
    created = models.DateTimeField(auto_now_add=True)
    token = models.CharField(max_length=255, unique=True)
    homepage = models.ForeignKey(BlogHomePage, null=True, on_delete=models.CASCADE, related_name="subscriptions")


class NotificationRecord(models.Model):
    """That subscribers were told of a post."""

    blog_post = models.ForeignKey(BlogPostPage, on_delete=models.CASCADE, related_name="+")
    was_sent = models.BooleanField(default=False)
    timestamp = models.DateTimeField(auto_now_add=True)
