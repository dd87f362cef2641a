"""Certificates, and the sandbox's mail server and stand-in for Slack, for the tests of this folder."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bc_pipelines.contacts import Mail, SlackChannel
from bc_pipelines.sandbox.certificates import Certificates, make_certificates
from bc_pipelines_tests.notices.servers import running_mail, running_slack


@pytest.fixture(scope="package")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Certificates]:
    """An authority that this process trusts for the length of these tests."""
    made = make_certificates(tmp_path_factory.mktemp("tls") / "private", [])
    with pytest.MonkeyPatch.context() as variables:
        variables.setenv("SSL_CERT_FILE", str(made.ca))
        for name in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"):
            variables.delenv(name, raising=False)
        yield made


@pytest.fixture(scope="package")
def post_office(certificates: Certificates, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Mail, Path]]:
    """The mail server, and the folder in which it keeps mails."""
    folder = tmp_path_factory.mktemp("mail")
    with running_mail(folder, certificates) as mail:
        yield mail, folder


@pytest.fixture(scope="package")
def slack(certificates: Certificates, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SlackChannel]:
    """The stand-in for Slack."""
    with running_slack(tmp_path_factory.mktemp("slack"), certificates) as slack:
        yield slack
