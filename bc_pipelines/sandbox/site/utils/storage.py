"""Where the site's uploads live: a folder that the sandbox mirrors into the public bucket."""

from django.conf import settings
from django.core.exceptions import SuspiciousFileOperation
from django.core.files.storage import FileSystemStorage


class BucketFolderStorage(FileSystemStorage):
    """Gives files the bucket's address and writes them into BC_MEDIA_ROOT; without that folder nothing is written."""

    def _save(self, name, content):
        if not settings.MEDIA_ROOT:
            raise SuspiciousFileOperation("This site keeps no files of its own: set BC_MEDIA_ROOT to write some.")
        return super()._save(name, content)
