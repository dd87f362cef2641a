"""What was imported from another site, and from where."""

import uuid

from django.contrib.contenttypes.models import ContentType
from django.db import models


class IDMapping(models.Model):
    """Which local object an imported one became."""

    uid = models.UUIDField(primary_key=True, default=uuid.uuid4)
    content_type = models.ForeignKey(ContentType, on_delete=models.CASCADE)
    local_id = models.CharField(max_length=255)

    class Meta:
        unique_together = [("content_type", "local_id")]


class ImportedFile(models.Model):
    """A file that was fetched from another site."""

    file = models.FileField(upload_to="imported_files")
    source_url = models.URLField(max_length=1000, blank=True)
    hash = models.CharField(max_length=40)
    size = models.PositiveIntegerField()
    created_at = models.DateTimeField(auto_now_add=True)
