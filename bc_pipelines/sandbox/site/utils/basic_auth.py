"""HTTP basic authentication in front of the whole site, as staging sites have it."""

import base64
import binascii

from django.conf import settings
from django.http import HttpResponse
from django.utils.crypto import constant_time_compare


class BasicAuthMiddleware:
    """Answers 401 unless the request carries BASIC_AUTH_LOGIN and BASIC_AUTH_PASSWORD; idle unless switched on."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        """Lets the request through or refuses it."""
        if not settings.BASIC_AUTH_ENABLED or is_known(request.headers.get("Authorization", "")):
            return self.get_response(request)
        return HttpResponse(
            "Log in to see this site.",
            status=401,
            content_type="text/plain; charset=utf-8",
            headers={"WWW-Authenticate": 'Basic realm="Staging", charset="UTF-8"'},
        )


def is_known(header):
    """Returns whether an Authorization header names the configured login and password."""
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return False
    try:
        login, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return False
    # Both are compared every time, so that the answer's time does not tell which one was wrong.
    right_login = constant_time_compare(login, settings.BASIC_AUTH_LOGIN)
    right_password = constant_time_compare(password, settings.BASIC_AUTH_PASSWORD)
    return right_login and right_password and bool(settings.BASIC_AUTH_PASSWORD)
