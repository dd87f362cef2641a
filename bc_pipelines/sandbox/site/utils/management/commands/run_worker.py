"""`manage.py run_worker`: a worker dyno's process, which the sandbox has no work for."""

import signal

from django.core.management.base import BaseCommand


class Command(BaseCommand):
    help = "Wait for SIGTERM, as a worker without work does."

    def handle(self, *args, **options):
        """Sleeps until it is told to stop."""
        stops = {signal.SIGTERM, signal.SIGINT}
        signal.pthread_sigmask(signal.SIG_BLOCK, stops)
        self.stdout.write("worker ready")
        self.stdout.flush()
        signal.sigwait(stops)
