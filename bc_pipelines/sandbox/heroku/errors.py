"""Heroku's errors as exceptions and as answers (Dev Center, *Platform API Reference*, "Errors")."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

RATE_LIMIT_MESSAGE = "Your account reached the API limit. Please wait a few minutes before making new requests"
RATE_LIMIT_URL = "https://devcenter.heroku.com/articles/platform-api-reference#rate-limits"


class ApiError(Exception):
    """An answer other than success.

    Args:
        status: HTTP status.
        error: Heroku's identifier, such as `not_found`.
        message: The sentence that the CLI prints.
        extra: Further members of the body, such as `resource`.
    """

    def __init__(self, status: int, error: str, message: str, **extra: str) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"id": error, "message": message, **extra}


def not_found(resource: str, noun: str | None = None) -> ApiError:
    """Heroku's 404 for a thing of the Platform API, such as `not_found("app")`."""
    return ApiError(404, "not_found", f"Couldn't find that {noun or resource}.", resource=resource)


def nothing() -> ApiError:
    """The Data API's 404, which does not say what is missing."""
    return ApiError(404, "not_found", "Not found.")


def invalid(message: str) -> ApiError:
    """A request that was understood and cannot be done."""
    return ApiError(422, "invalid_params", message)


def unauthorised() -> ApiError:
    """The answer to a missing or wrong token, the same from both APIs (recorded 2025-03)."""
    return ApiError(401, "unauthorized", "Invalid credentials provided.")


def forbidden(what: str) -> ApiError:
    """The answer to what the token's scope or the account's permissions do not cover."""
    return ApiError(403, "forbidden", f"You do not have access to {what}.")


def rate_limited() -> ApiError:
    """The answer when the account's tokens are used up."""
    return ApiError(429, "rate_limit", RATE_LIMIT_MESSAGE, url=RATE_LIMIT_URL)


async def answer_error(_request: Request, error: Exception) -> Response:
    """Turn an exception of a route into Heroku's JSON."""
    if isinstance(error, ApiError):
        return JSONResponse(error.body, error.status)
    if isinstance(error, HTTPException):
        wrong_method = error.status_code == 405
        text = "Method not allowed." if wrong_method else "The requested API endpoint was not found."
        name = "method_not_allowed" if wrong_method else "not_found"
        return JSONResponse({"id": name, "message": text}, error.status_code)
    return JSONResponse({"id": "internal_server_error", "message": "Internal server error."}, 500)
