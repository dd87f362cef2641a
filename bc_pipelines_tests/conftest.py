"""What holds for every test."""

import signal

from hypothesis import HealthCheck, settings

# A busy machine makes examples slow, not wrong.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")

# A shell's job in the background ignores Ctrl-C. Dagster then has SIGTERM ignored as well, and every server that a test
# starts would inherit that and could not be stopped.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
