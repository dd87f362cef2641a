"""One-off dynos: start one attached, and have it followed to its exit code."""

from __future__ import annotations

import stamina

from bc_pipelines.heroku import rendezvous
from bc_pipelines.heroku.errors import Conflict, HerokuError, OutcomeUnknown, UnexpectedAnswer
from bc_pipelines.heroku.models import Dyno, DynoResult, Json
from bc_pipelines.heroku.transport import LostReply, Transport, path


def run(transport: Transport, app: str, command: str, deadline: float) -> DynoResult:
    """Run a command in a new one-off dyno and read what it writes until it ends.

    Args:
        transport: Where to ask.
        app: The app's name.
        command: A line for the dyno's shell.
        deadline: Seconds after which to give up on an answer from the dyno.

    Raises:
        DynoFailed: The dyno could not be followed to its exit code.
        OutcomeUnknown: Whether the dyno was started is not known. It was asked for once only.
    """
    dyno = _start(transport, app, command)
    return rendezvous.follow(dyno.attach_url or "", app, dyno.name, deadline)


def _start(transport: Transport, app: str, command: str) -> Dyno:
    body = {
        "attach": True,
        "command": rendezvous.reporting(command),
        "env": {"TERM": "dumb"},
        "force_no_tty": True,
    }

    def once() -> Dyno:
        answer = transport.send("POST", "platform", path("apps", app, "dynos"), body=body, repeatable=False)
        return answer.read(Dyno.from_json)

    try:
        pause = transport.patience.pace / 10
        # 409 means that the newest release is not known everywhere yet; nothing was started. The CLI repeats it too.
        return stamina.RetryingCaller(attempts=3, timeout=None, wait_initial=pause, wait_jitter=pause)(Conflict, once)
    except (LostReply, UnexpectedAnswer) as error:
        raise OutcomeUnknown(
            error.happened,
            state=_whether_it_runs(transport, app, str(body["command"])),
            next_step=f"Look at `heroku ps -a {app}` before you start again.",
            request_id=error.request_id,
        ) from None


def _whether_it_runs(transport: Transport, app: str, command: str) -> str:
    """Say what became of a dyno whose answer was lost: it can be found, but its output cannot be had any more."""

    def name_of(dyno: Json) -> str:
        return str(dyno["name"]) if dyno["command"] == command else ""

    try:
        running = [name for name in transport.get_list("platform", path("apps", app, "dynos"), name_of) if name]
    except HerokuError:
        return f"A one-off dyno of {app} may be running the command."
    if running:
        return f"The one-off dyno {', '.join(running)} of {app} is running the command."
    return f"No one-off dyno of {app} is listed with the command: it was not started, is about to, or has ended."
