"""Which proxy the environment chooses."""

from __future__ import annotations

import pytest

from hangar.errors import InvalidConfiguration
from hangar.http.dialing import Proxy
from hangar.http.origin import Origin
from hangar.http.proxies import Proxies

PROXY = Proxy(Origin("http", "proxy", 3128))


def found(url: str, **environ: str) -> Proxy | None:
    return Proxies(environ).find(Origin.of(url))


def test_each_scheme_has_its_proxy() -> None:
    environ = {"HTTPS_PROXY": "http://proxy:3128"}

    assert found("https://example.com", **environ) == PROXY
    assert found("http://example.com", **environ) is None


def test_lower_case_comes_first() -> None:
    environ = {"https_proxy": "http://proxy:3128", "HTTPS_PROXY": "http://other:1"}

    assert found("https://example.com", **environ) == PROXY


def test_a_proxy_may_be_named_without_scheme() -> None:
    assert found("http://example.com", HTTP_PROXY="proxy:3128") == PROXY


def test_a_proxy_may_want_credentials_which_stay_hidden() -> None:
    proxy = found("http://example.com", HTTP_PROXY="http://me:p%40ss@proxy:3128")

    assert proxy is not None
    assert proxy.headers == {"proxy-authorization": "Basic bWU6cEBzcw=="}
    assert "p@ss" not in repr(proxy)


@pytest.mark.parametrize("value", ["socks5://proxy:1080", "http://", "http://x:y"])
def test_what_is_no_http_proxy_is_refused(value: str) -> None:
    with pytest.raises(InvalidConfiguration) as caught:
        Proxies({"HTTPS_PROXY": value})

    assert "HTTPS_PROXY" in str(caught.value)


@pytest.mark.parametrize(
    ("no_proxy", "url"),
    [
        ("example.com", "http://example.com"),
        ("example.com", "http://a.example.com."),
        (".example.com", "http://a.example.com"),
        ("*.example.com", "http://a.example.com"),
        ("EXAMPLE.com:5000", "http://example.com:5000"),
        ("other, 10.0.0.0/8", "http://10.1.2.3"),
        ("10.1.2.3 other", "http://10.1.2.3"),
        ("fd00::/8", "http://[fd00::1]"),
        ("[fd00::1]:5000", "http://[fd00::1]:5000"),
        ("*", "http://anything"),
        ("", "http://localhost:5000"),
        ("", "http://127.0.0.1:5000"),
        ("", "http://[::1]"),
    ],
)
def test_exceptions_are_connected_to_directly(no_proxy: str, url: str) -> None:
    assert found(url, HTTP_PROXY="proxy:3128", NO_PROXY=no_proxy) is None


@pytest.mark.parametrize(
    ("no_proxy", "url"),
    [
        ("example.com", "http://badexample.com"),
        (".example.com", "http://example.com"),
        ("*.example.com", "http://example.com"),
        ("example.com:5000", "http://example.com"),
        ("10.0.0.0/8", "http://11.0.0.1"),
        ("10.0.0.0/8", "http://example.com"),
        ("example.com", "http://10.0.0.1"),
        ("*.", "http://example.com"),
    ],
)
def test_others_are_not(no_proxy: str, url: str) -> None:
    assert found(url, HTTP_PROXY="proxy:3128", NO_PROXY=no_proxy) == PROXY
