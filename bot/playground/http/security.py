"""Decide which requests may come in at all, by their Host and Origin, and what the page may load."""

import ipaddress
import re
from functools import lru_cache
from urllib.parse import urlsplit

PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self' ws://{host}; font-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
# Nothing else may stand in a Host header: it comes back in the page's policy and in gateway addresses.
_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[\w.-]+)(:\d{1,5})?", re.ASCII | re.IGNORECASE)
ATTACHMENT_POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'"


def is_loopback(host: str) -> bool:
    """Tell whether a name or address, without a port, means this machine alone."""
    if host.casefold() == "localhost":
        return True
    address = _address(host)
    return address is not None and address.is_loopback


@lru_cache(maxsize=256)  # every request asks, and clients say the same each time
def host_allowed(header: str, bound: str) -> bool:
    """Tell whether a Host header names this server, so that a rebound DNS name does not.

    A server bound to every address accepts every address, but no other name.
    """
    host = _hostname(f"//{header}") if _HOST.fullmatch(header) else None
    if host is None:
        return False
    address = _address(bound)
    anywhere = address is not None and address.is_unspecified and _address(host) is not None
    return is_loopback(host) or host.casefold() == bound.casefold() or anywhere


def other_name(header: str, base_url: str) -> bool:
    """Tell whether a Host header names this machine otherwise than `base_url` does."""
    host = _hostname(f"//{header}")
    return host is not None and is_loopback(host) and header != urlsplit(base_url).netloc


def origin_allowed(origin: str | None, host_header: str) -> bool:
    """Tell whether a request came from the server's own page, or from no page at all."""
    return origin is None or origin.casefold() == f"http://{host_header}".casefold()


def _hostname(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
