"""`manage.py seed`: fills an empty, migrated database with the sandbox's production."""

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from bc_pipelines.sandbox.site.seed.fill import NotSeedable, fill


class Command(BaseCommand):
    help = "Fill an empty, migrated database with a believable site; the same seed and scale give the same rows."

    def add_arguments(self, parser):
        """Declares --seed and --scale."""
        parser.add_argument("--seed", type=int, default=2026, help="the number that everything random is drawn from")
        parser.add_argument("--scale", type=int, default=1, help="multiplies what the public sent in")

    def handle(self, *args, **options):
        """Fills the database and says with what."""
        try:
            made = fill(options["seed"], options["scale"], settings.BC_SITE_HOSTS)
        except (NotSeedable, ValueError) as error:
            raise CommandError(str(error)) from None
        self.stdout.write(", ".join(f"{count} {thing}" for thing, count in made.items()))
