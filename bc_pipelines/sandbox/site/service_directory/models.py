"""Where the directories of services are, and the subjects that they know."""

from django.db import models
from wagtail.snippets.models import register_snippet


@register_snippet
class DirectoryManagementAPI(models.Model):
    """The system in which directories are kept."""

    admin_name = models.CharField(max_length=128)
    api_url = models.URLField()
    is_enabled = models.BooleanField(default=False)

    def __str__(self):
        return self.admin_name


@register_snippet
class ServiceDirectory(models.Model):
    """One directory, as visitors see it."""

    admin_name = models.CharField(max_length=128)
    frontend_url = models.URLField()
    directory_api_url = models.URLField()
    directory_api_slug = models.SlugField(max_length=255)
    directory_management_api = models.ForeignKey(
        DirectoryManagementAPI, on_delete=models.CASCADE, related_name="directories"
    )

    def __str__(self):
        return self.admin_name


class Taxonomy(models.Model):
    """A subject of a directory, fetched from its system."""

    label = models.CharField(max_length=255)
    level = models.IntegerField()
    remote_id = models.BigIntegerField()
    remote_slug = models.SlugField(max_length=255)
    fetched_with = models.ForeignKey(DirectoryManagementAPI, on_delete=models.CASCADE, related_name="taxonomies")
    parent = models.ForeignKey("self", null=True, on_delete=models.CASCADE, related_name="children")

    class Meta:
        unique_together = [("fetched_with", "remote_id")]

    def __str__(self):
        return self.label
