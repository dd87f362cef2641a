"""What holds for every test."""

from hypothesis import HealthCheck, settings

# A busy machine makes examples slow, not wrong.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")
