"""The site's image and rendition models."""

from django.db import models
from wagtail.images.models import AbstractImage, AbstractRendition, Image


class CustomImage(AbstractImage):
    """An image that an editor uploaded, or that came with an advertised job."""

    talentlink_image_id = models.TextField(blank=True, editable=False)

    admin_form_fields = Image.admin_form_fields


class Rendition(AbstractRendition):
    """A resized copy of an image."""

    image = models.ForeignKey(CustomImage, on_delete=models.CASCADE, related_name="renditions")

    class Meta:
        unique_together = [("image", "filter_spec", "focal_point_key")]
