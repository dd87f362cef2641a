"""Group `infrastructure`: the runbook's questions about what the sites stand on, answered by looking alone.

Each look notes what it saw on an observed asset, with a digest of it as the data version, so that the UI shows when
something has changed.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import dagster as dg

from bc_pipelines.defs.common import OWNERS, check_result, check_specs, clear_errors, labelled, table
from bc_pipelines.defs.resources import ToolsResource
from bc_pipelines.operations import (
    infrastructure_cache,
    infrastructure_dns,
    infrastructure_front_end,
    infrastructure_storage,
    infrastructure_tls,
)
from bc_pipelines.operations.infrastructure import Checks, Looked
from bc_pipelines.operations.tools import Tools

_DATA_VERSION = "dagster/data_version"
_ENVIRONMENTS = ("production", "staging")


@dataclass(frozen=True)
class Area:
    """One of the runbook's questions.

    Attributes:
        name: last part of the asset's key.
        kind: what the UI marks it with.
        text: the asset's description.
        checks: names and what each looks at.
        look: the look itself.
    """

    name: str
    kind: str
    text: str
    checks: Checks
    look: Callable[[Tools, str], Looked]


AREAS = (
    Area(
        name="cache",
        kind="redis",
        text="What the site's backend caches in: whose it is, who gets in, and what it does when it is full.",
        checks=infrastructure_cache.CHECKS,
        look=infrastructure_cache.look_at_cache,
    ),
    Area(
        name="front_end_cache",
        kind="http",
        text="What stands in front of the hosts, and what they tell it to keep.",
        checks=infrastructure_front_end.CHECKS,
        look=infrastructure_front_end.look_at_front_end_cache,
    ),
    Area(
        name="file_storage",
        kind="s3",
        text="The bucket of the site's media: whose it is, what is open to the public, and what keeps it safe.",
        checks=infrastructure_storage.CHECKS,
        look=infrastructure_storage.look_at_file_storage,
    ),
    Area(
        name="dns",
        kind="dns",
        text="Where the hosts' names lead, who may issue certificates for them, and who may send mail in their name.",
        checks=infrastructure_dns.CHECKS,
        look=infrastructure_dns.look_at_dns,
    ),
    Area(
        name="tls",
        kind="tls",
        text="The hosts' certificates, the versions of TLS that they speak, and the way from http to https.",
        checks=infrastructure_tls.CHECKS,
        look=infrastructure_tls.look_at_tls,
    ),
)


def _key(environment: str, area: Area) -> dg.AssetKey:
    return dg.AssetKey([environment, area.name])


def _observed(environment: str, area: Area) -> dg.AssetSpec:
    return dg.AssetSpec(
        _key(environment, area),
        group_name="infrastructure",
        owners=OWNERS,
        kinds={area.kind, environment},
        description=f"{area.text} Only looked at.",
    )


def _look(environment: str, area: Area) -> dg.AssetChecksDefinition:
    key = _key(environment, area)

    @dg.multi_asset_check(
        name=f"look_at_{environment}_{area.name}",
        specs=check_specs(key, area.checks.of(environment), blocking=False),
        description=f"{area.text} Changes nothing.",
    )
    def look(context: dg.AssetCheckExecutionContext, tools: ToolsResource) -> Iterator[dg.AssetCheckResult]:
        with clear_errors():
            looked = area.look(tools.now, environment).to_show()
        rows = {"hosts in detail": table(looked.rows)} if looked.rows else {}
        context.op_execution_context.log_event(
            dg.AssetObservation(key, metadata=labelled(looked.facts) | rows, tags={_DATA_VERSION: looked.version})
        )
        for name, verdict in looked.verdicts.items():
            yield check_result(verdict, name, key)

    return look


ASSETS = [_observed(environment, area) for environment in _ENVIRONMENTS for area in AREAS]
LOOKS = [_look(environment, area) for environment in _ENVIRONMENTS for area in AREAS]

inspect_infrastructure = dg.define_asset_job(
    "inspect_infrastructure",
    selection=dg.AssetSelection.checks(*LOOKS),
    description="Look at what production and staging stand on, and say what is not as it should be. Changes nothing.",
)
