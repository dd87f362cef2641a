"""What can go wrong with Heroku, each failure worded the same way.

Every error says what happened, what state things are in and what to do next. None carries a token, a connection
string, a signed address or a row's value; whoever raises one uses `from None` where the cause could.
"""

from __future__ import annotations

from bc_pipelines.heroku.models import Transfer


class HerokuError(Exception):
    """Anything that kept a call to Heroku from doing what was asked.

    Attributes:
        happened: One sentence: what was asked and what came back.
        state: One sentence: what that leaves behind.
        next_step: One sentence: what the operator does now.
        request_id: Heroku's `Request-Id`, which its support asks for, where there was an answer.
    """

    def __init__(self, happened: str, *, state: str, next_step: str, request_id: str | None = None) -> None:
        self.happened = happened
        self.state = state
        self.next_step = next_step
        self.request_id = request_id
        trace = f" (Heroku's request id: {request_id})" if request_id else ""
        super().__init__(f"{happened}{trace} {state} {next_step}")


class Unauthorised(HerokuError):
    """Heroku does not accept the token (401), or the token may not do this (403)."""


class NotFound(HerokuError):
    """There is no such app, add-on, database or backup, or the token does not see it (404)."""


class RateLimited(HerokuError):
    """The account's requests are used up (429) and did not come back within the deadline.

    Attributes:
        retry_after: Seconds that Heroku asked to wait, if it did.
    """

    retry_after: float | None = None


class Rejected(HerokuError):
    """Heroku understood the request and refuses it (any other 4xx)."""


class Conflict(Rejected):
    """Something else is under way, and the same request may succeed a moment later (409)."""


class Unreachable(HerokuError):
    """No usable answer within the deadline: no connection, or a status of 500 and above again and again."""


class UnexpectedAnswer(HerokuError):
    """An answer that is not JSON, or not of the documented shape."""


class OutcomeUnknown(HerokuError):
    """A request that must not be repeated was sent, its answer was lost, and no trace of it was found."""


class RefusedByGuard(HerokuError):
    """This package refuses, before anything is sent. No option lifts a guard."""


class TransferFailed(HerokuError):
    """A backup or restore ended without success. `transfer` is what Heroku said last."""

    def __init__(self, happened: str, *, state: str, next_step: str, transfer: Transfer) -> None:
        super().__init__(happened, state=state, next_step=next_step)
        self.transfer = transfer


class TransferUnfinished(TransferFailed):
    """The deadline passed while a transfer was still pending or running; it goes on at Heroku."""


class DownloadFailed(HerokuError):
    """A backup could not be read to its end, or is not what it should be."""


class DynoFailed(HerokuError):
    """A one-off dyno could not be followed to its exit code."""
