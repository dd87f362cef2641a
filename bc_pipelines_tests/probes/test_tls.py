"""What a host's TLS is like, asked of real servers with certificates of an authority of our own."""

import socket
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from bc_pipelines.probes.tls import Certificate, Plain, Tls, Way, certificates, look
from bc_pipelines.probes.told import Untold, version_of
from bc_pipelines_tests.probes.authority import ORGANISATION, Authority, serve, server_context

HOST = "www.council.example"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Authority]:
    """An authority that this process trusts meanwhile."""
    made = Authority(tmp_path_factory.mktemp("authority"))
    with pytest.MonkeyPatch.context() as variables:
        variables.setenv("SSL_CERT_FILE", str(made.ca))
        yield made


def seen(https: str, http: str | None = None, *, home: bool = True) -> Tls:
    """One look at one host."""
    return look([Way(HOST, https, http)], home=home)[0]


def certificate(found: Tls) -> Certificate:
    """Its certificate, which must have been told."""
    assert isinstance(found.certificate, Certificate)
    return found.certificate


def test_a_host_as_it_must_be(authority: Authority) -> None:
    """Names, issuer, key, dates, chain, redirect and HSTS are read; another look is the same version."""
    file = authority.certificate(HOST, "*.council.example")
    hsts = {"Strict-Transport-Security": "max-age=31536000"}
    to_https = {"Location": f"https://{HOST}/"}
    with serve(server_context(file), headers=hsts) as https, serve(None, 301, to_https) as http:
        found, again = seen(https, http), seen(https, http)
        assert certificates([Way(HOST, https, None)]) == {HOST: found.certificate}
    known = certificate(found)
    assert known.names == ("*.council.example", HOST)
    assert (known.authority, known.key) == (ORGANISATION, "EC 256")
    assert (known.valid_until - datetime.now(UTC)).days == 60
    assert (found.fault, found.version, found.plain) == ("", "TLSv1.3", Plain(301, f"https://{HOST}/"))
    assert found.hsts == "max-age=31536000"
    assert version_of(found) == version_of(again)


def test_an_expired_certificate_for_another_name(authority: Authority) -> None:
    """Neither fault hides the other, and its chain is said to be whole."""
    with serve(server_context(authority.certificate("www.elsewhere.example", days=-3))) as https:
        found = seen(https)
    assert certificate(found).names == ("www.elsewhere.example",)
    assert certificate(found).valid_until < datetime.now(UTC)
    assert found.fault == ""


def test_a_certificate_without_what_lies_between(authority: Authority) -> None:
    """A host that sends its own certificate only is found out, expired or not."""
    for days in (60, -3):
        with serve(server_context(authority.certificate(HOST, days=days, chain=False))) as https:
            assert seen(https).fault == "unable to get local issuer certificate"


def test_an_expired_certificate_above_a_current_one(authority: Authority) -> None:
    """It is no fault of the host's own certificate, and a fault of its chain all the same."""
    file = authority.certificate(HOST, between=authority.intermediate(days=-2))
    with serve(server_context(file)) as https:
        found = seen(https)
    assert certificate(found).valid_until > datetime.now(UTC)
    assert found.fault == "certificate has expired, and that is one above the host's own"


def test_an_authority_that_nobody_knows(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Trust is this machine's, not the host's."""
    assert authority.ca
    stranger = Authority(tmp_path_factory.mktemp("stranger"))
    with serve(server_context(stranger.certificate(HOST))) as https:
        assert "certificate" in str(seen(https).fault)


def test_old_versions(authority: Authority) -> None:
    """A server that speaks TLS 1.0 and 1.1 is told from one that refuses them, where our OpenSSL can tell."""
    file = authority.certificate(HOST)
    with serve(server_context(file, old=True)) as https:
        spoken = seen(https).old_versions
    with serve(server_context(file)) as https:
        refused = seen(https).old_versions
    if isinstance(spoken, Untold):
        assert "does not speak" in spoken.why
        assert refused == spoken
    else:
        assert (spoken, refused) == (("TLS 1.0", "TLS 1.1"), ())


def test_what_is_not_asked_for(authority: Authority) -> None:
    """Without an address for plain http, and without the home page, nothing is said of them."""
    with serve(server_context(authority.certificate(HOST))) as https:
        found = seen(https, home=False)
    assert isinstance(found.plain, Untold)
    assert found.hsts == Untold("not asked for")


def test_an_address_of_ipv6() -> None:
    """It is understood as the rest of this product understands it."""
    taken = Way(HOST, "[::1]:1", "[::1]:1")
    found = look([taken], home=True)[0]
    assert found.certificate != Untold("its name does not resolve here")


def test_a_host_in_maintenance(authority: Authority) -> None:
    """Its page is Heroku's own and says nothing of the site's headers; its certificate is told."""
    with serve(server_context(authority.certificate(HOST)), 503) as https:
        found = seen(https)
    assert found.hsts == Untold("status 503")
    with serve(server_context(authority.certificate(HOST)), 503, {"Strict-Transport-Security": "max-age=9"}) as https:
        assert seen(https).hsts == "max-age=9"
    assert certificate(found).names == (HOST,)


def test_a_host_that_does_not_answer() -> None:
    """Nothing is known of it, by https or http, and nothing is raised."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        nowhere = f"127.0.0.1:{taken.getsockname()[1]}"
        found = seen(nowhere, nowhere)
    refused = Untold("no connection can be made")
    assert found == Tls(HOST, refused, refused, refused, refused, refused, refused)


@pytest.mark.parametrize("host", ["www..council.example", "no-such-host.invalid"])
def test_a_host_that_cannot_be(host: str) -> None:
    """Neither a name that is none nor one that leads nowhere raises anything."""
    found = look([Way(host, f"{host}:443", f"{host}:80")], home=True)[0]
    assert isinstance(found.certificate, Untold)
    assert isinstance(found.plain, Untold)


def test_a_server_that_speaks_no_tls() -> None:
    """What answers in plain http on the port for https is told as such."""
    with serve(None) as plain:
        found = seen(plain)
    assert found.certificate == Untold("SSLError")
