"""The Family Information Service and Care Advice sub-sites."""
