"""Django's settings for birdbath: the sandbox's site, and birdbath set as on the council's."""

from bc_pipelines.sandbox.site import settings

globals().update({name: getattr(settings, name) for name in dir(settings) if name.isupper()})

_OWN = "benchmarks.birdbath.processors"
BIRDBATH_PROCESSORS = [
    "birdbath.processors.users.UserEmailAnonymiser",
    "birdbath.processors.users.UserPasswordAnonymiser",
    f"{_OWN}.FormSubmissions",
    f"{_OWN}.SearchQueries",
    f"{_OWN}.BlogAlertSubscriptions",
    f"{_OWN}.JobAlertSubscriptions",
]
# The council's and its supplier's people stay.
BIRDBATH_USER_ANONYMISER_EXCLUDE_EMAIL_RE = r"(torchbox|buckinghamshire)\.example$"
