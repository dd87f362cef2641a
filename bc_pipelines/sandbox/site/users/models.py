"""The site's own user model, with Django's columns and the council's table name."""

from django.contrib.auth.models import AbstractUser


class User(AbstractUser):
    """Someone who may log in to the admin."""
