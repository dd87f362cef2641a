"""Synonyms that editors keep for the search."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from wagtail.snippets.models import register_snippet


@register_snippet
class Term(models.Model):
    """A word, and others that people use for it."""

    canonical_term = models.CharField(max_length=50, unique=True)
    synonyms = ArrayField(models.CharField(max_length=50))

    def __str__(self):
        return self.canonical_term
