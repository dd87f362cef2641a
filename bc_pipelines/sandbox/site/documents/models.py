"""The site's document model."""

from django.db import models
from wagtail.documents.models import AbstractDocument, Document


class CustomDocument(AbstractDocument):
    """A document that an editor uploaded, or that came with an advertised job."""

    talentlink_attachment_id = models.IntegerField(null=True, blank=True, editable=False)

    admin_form_fields = Document.admin_form_fields
