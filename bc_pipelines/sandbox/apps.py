"""The council's three apps as the sandbox has them: hosts, add-ons, dynos and config vars.

Belongs here: what the simulator of Heroku is told, and the `environments.toml` that describes the same apps to the
product. Does not belong here: how either is started.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bc_pipelines.sandbox import cloudflare, git, gitlab, redis
from bc_pipelines.sandbox.world import BUCKETS, HOST, World

SITE = Path(__file__).with_name("site")
SETTINGS_MODULE = "bc_pipelines.sandbox.site.settings"
ACCOUNT_EMAIL = "robot@buckinghamshire.example"
TEAM = "council"
SLACK_CHANNEL = "C0SANDBOX1"
CLIENT_ADDRESSES = ("editors@buckinghamshire.example", "communications@buckinghamshire.example")
MAIL_FROM = "web.team@torchbox.example"
SMTP_USER = "web.team"
STAFF_DOMAINS = ("buckinghamshire.example", "torchbox.example")


@dataclass(frozen=True)
class App:
    """One app on Heroku.

    Attributes:
        environment: `production`, `staging` or `development`.
        name: the app's name.
        hosts: the hosts of its five sites, in the same order for every app.
        addon: the name of its database add-on.
        plan: the add-on's plan.
        colour: the add-on's colour, which names its own config var.
        formation: process type -> how many.
    """

    environment: str
    name: str
    hosts: tuple[str, ...]
    addon: str
    plan: str
    colour: str
    formation: Mapping[str, int]


APPS = (
    App(
        environment="production",
        name="buckinghamshire-production",
        hosts=tuple(
            f"{label}.buckinghamshire.example" for label in ("www", "jobs", "internaljobs", "fis", "careadvice")
        ),
        addon="postgresql-round-12345",
        plan="standard-0",
        colour="NAVY",
        formation={"web": 1, "worker": 1},
    ),
    App(
        environment="staging",
        name="buckinghamshire-staging",
        hosts=tuple(
            f"{label}.staging.buckinghamshire.example" for label in ("www", "jobs", "internal-jobs", "fis", "care")
        ),
        addon="postgresql-curved-23456",
        plan="standard-0",
        colour="OLIVE",
        formation={"web": 1, "worker": 1},
    ),
    App(
        environment="development",
        name="buckinghamshire-development",
        hosts=tuple(
            f"{label}.development.buckinghamshire.example" for label in ("www", "jobs", "internal-jobs", "fis", "care")
        ),
        addon="postgresql-shallow-34567",
        plan="essential-1",
        colour="AMBER",
        # Nobody looks at it in the sandbox, and a dyno would cost a hundred megabytes.
        formation={"web": 0, "worker": 0},
    ),
)

PRODUCTION, STAGING, DEVELOPMENT = APPS


def all_hosts() -> tuple[str, ...]:
    """List the hosts of all apps."""
    return tuple(host for app in APPS for host in app.hosts)


def config_vars(world: World, app: App) -> dict[str, str]:
    """Give an app's config vars, which are also the environment of its processes.

    Args:
        world: the sandbox's.
        app: the app.

    Returns:
        Names and values, secrets among them.
    """
    hosts = ",".join(app.hosts)
    staging = app is STAGING
    access_key, secret_key = world.s3_keys(app.environment)
    cache = redis.url(world, app.environment)
    return {
        "ALLOWED_HOSTS": hosts,
        "AWS_ACCESS_KEY_ID": access_key,
        "AWS_CA_BUNDLE": str(world.ca),
        "AWS_DEFAULT_REGION": "eu-west-2",
        "AWS_S3_ENDPOINT_URL": world.s3_url,
        "AWS_SECRET_ACCESS_KEY": secret_key,
        "AWS_STORAGE_BUCKET_NAME": BUCKETS[app.environment],
        "BASIC_AUTH_ENABLED": "false",
        "BC_SITE_HOSTS": hosts,
        "BIRDBATH_REQUIRED": "true" if staging else "false",
        "DATABASE_URL": world.database_url(app.environment),
        "DJANGO_SETTINGS_MODULE": SETTINGS_MODULE,
        # Without it the page's robots tag goes as soon as the Site records name staging's own hosts.
        "NONINDEXED_HOSTS": hosts if staging else "",
        # Browsers are to remember https of the real site only.
        "SECURE_HSTS_SECONDS": "31536000" if app is PRODUCTION else "0",
        "SECRET_KEY": world.secrets[f"secret_key_{app.environment}"],
        "SEO_NOINDEX": "false",
        "WAGTAILADMIN_BASE_URL": f"https://{app.hosts[0]}",
        **({"REDIS_URL": cache} if cache else {}),
        **(_front_end_cache(world) if staging else {}),
    }


def _front_end_cache(world: World) -> dict[str, str]:
    return {
        "FRONTEND_CACHE_CLOUDFLARE_BEARER_TOKEN": world.secrets["cloudflare_token"],
        "FRONTEND_CACHE_CLOUDFLARE_ZONEID": cloudflare.zone_id(world),
    }


def simulator_config(world: World) -> str:
    """Write the configuration of the Heroku simulator.

    Args:
        world: the sandbox's.

    Returns:
        JSON, secrets included; for a file of mode 0600.
    """
    return json.dumps(
        {
            "host": HOST,
            "api_port": world.ports["api"],
            "router_port": world.ports["router"],
            "rendezvous_port": world.ports["rendezvous"],
            "certificate": str(world.certificates / "server.pem"),
            "key": str(world.certificates / "server.key"),
            "ca": str(world.ca),
            "token": world.secrets["heroku_token"],
            "account_email": ACCOUNT_EMAIL,
            "pg_bin": str(world.postgres.bin),
            "state_dir": str(world.root / "heroku"),
            "python": sys.executable,
            "site_dir": str(SITE),
            "apps": [_simulated(world, app) for app in APPS],
        },
        indent=1,
    )


def _simulated(world: World, app: App) -> dict[str, Any]:
    return {
        "id": world.id(f"app {app.name}"),
        "name": app.name,
        "hosts": app.hosts,
        "config_vars": config_vars(world, app),
        "addon": {
            "id": world.id(f"addon {app.addon}"),
            "name": app.addon,
            "plan": app.plan,
            "attachment": "DATABASE",
            "colour": app.colour,
        },
        "formation": app.formation,
        "site_port": world.ports[f"site_{app.environment}"],
        "team": TEAM,
    }


def environments_toml(world: World | None = None) -> str:
    """Describe the apps as the product's `environments.toml` does.

    Args:
        world: the sandbox's; without one, there is no repository and nobody is told of a reset.

    Returns:
        TOML without any secret.
    """
    # A JSON text of plain ASCII is a TOML basic string, and a list of them a TOML array.
    sites = "\n".join(
        f"{json.dumps(ours)} = {json.dumps(theirs)}"
        for ours, theirs in zip(PRODUCTION.hosts, STAGING.hosts, strict=True)
    )
    return f"""\
# Written by the sandbox at every start; changes are lost.

[archive_store]
bucket = {json.dumps(BUCKETS["archives"])}

[privacy]
staff_domains = {json.dumps(STAFF_DOMAINS)}
staff_passwords = "keep"
mail_sink = "forms@sink.invalid"

[media]
scope = "media"
media_copy = "worker"

[environments.production]
heroku_app = {json.dumps(PRODUCTION.name)}
writable = false
hosts = {json.dumps(PRODUCTION.hosts)}

[environments.staging]
heroku_app = {json.dumps(STAGING.name)}
writable = true

[environments.staging.sites]
{sites}

[environments.staging.standing_approval]
by = "web.team@buckinghamshire.example"
until = 2027-12-31

[environments.development]
heroku_app = {json.dumps(DEVELOPMENT.name)}
writable = true
hosts = {json.dumps(DEVELOPMENT.hosts)}
{_repository_and_notices(world) if world else ""}"""


def _repository_and_notices(world: World) -> str:
    return f"""
[repository]
url = {json.dumps(git.url(world))}

[repository.gitlab]
url = {json.dumps(world.gitlab_url)}
project = {json.dumps(gitlab.PROJECT)}
deploys = true

[notices]
dagster_url = {json.dumps(f"http://{world.address('dagster_ui')}")}
slack_channel = {json.dumps(SLACK_CHANNEL)}
client_addresses = {json.dumps(CLIENT_ADDRESSES)}
mail_from = {json.dumps(MAIL_FROM)}
smtp_host = {json.dumps(HOST)}
smtp_port = {world.ports["mail"]}
smtp_user = {json.dumps(SMTP_USER)}
smtp_starttls = "required"
"""
