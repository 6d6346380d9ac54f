"""Checks addresses of webhooks: whether requests can be sent there, and whether they are on the public network."""

from __future__ import annotations

import ipaddress
import re
import socket
from typing import TypeAlias
from urllib.parse import SplitResult, urlsplit

from voxpress.errors import InputError

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address

_LONGEST_URL = 2048
_UNPRINTED = re.compile(r"[^\x21-\x7e]")
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
"""RFC 6052: the last 32 bits are an IPv4 address."""
_PROTOCOLS = ipaddress.IPv4Network("192.0.0.0/24")
"""RFC 6890: for protocols of the network itself."""
_COMPATIBLE = ipaddress.IPv6Network("::/96")
"""RFC 4291, 2.5.5.1."""


def check_url(url: str, field: str = "webhook_url") -> SplitResult:
    """The parts of an http address that requests can be sent to.

    Raises:
        InputError: no request can be sent there.
    """

    def describe_problem(problem: str) -> InputError:
        return InputError(f"{problem}: {url[:100]!r}", field=field)

    if len(url) > _LONGEST_URL:
        raise describe_problem(f"has more than {_LONGEST_URL} characters")
    if _UNPRINTED.search(url):
        raise describe_problem("holds a character that addresses cannot; encode it")
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError as error:
        raise describe_problem(f"is no address ({error})") from None
    if parts.scheme not in {"http", "https"} or not host or parts.port == 0:
        raise describe_problem("must be an http or https address")
    if parts.username is not None or parts.password is not None:
        raise describe_problem("must not hold a user name or a password")
    if parse_address(host) is None:
        if parts.netloc.startswith("["):
            raise describe_problem("has no address in its brackets")
        labels = host.removesuffix(".").split(".")
        if len(host) > 253 or not all(
            re.fullmatch(r"(?!-)[a-z0-9_-]{1,63}(?<!-)", label) for label in labels
        ):
            raise describe_problem("has no host name that can be looked up")
    return parts


def check_public(url: str, field: str = "webhook_url") -> None:
    """Check that `url` is an https address on the public network, without looking its host up.

    Raises:
        InputError: it is not.
    """
    parts = check_url(url, field)
    host = (parts.hostname or "").removesuffix(".")
    if parts.scheme != "https":
        raise InputError(f"must be an https address: {url[:100]!r}", field=field)
    address = parse_address(host)
    inside = host == "localhost" or host.endswith((".localhost", ".local", ".internal"))
    if inside or (address is not None and not is_public(address)) or (address is None and "." not in host):
        raise InputError(f"is not on the public network: {url[:100]!r}", field=field)


def parse_address(host: str) -> Address | None:
    """The address that a host is, also in the old forms of IPv4 such as ``127.1``; None where it is a name.

    >>> parse_address("127.1"), parse_address("example.com")
    (IPv4Address('127.0.0.1'), None)
    """
    try:
        return ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        pass
    try:
        return ipaddress.IPv4Address(socket.inet_aton(host)) if re.match(r"[0-9]", host) else None
    except OSError:
        return None


def is_public(address: Address) -> bool:
    """Whether an address is on the public network, and leads nowhere else.

    >>> is_public(ipaddress.ip_address("64:ff9b::7f00:1")), is_public(ipaddress.ip_address("2001:4860:4860::8888"))
    (False, True)
    """
    if isinstance(address, ipaddress.IPv6Address) and address in _NAT64:
        return is_public(ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF))
    # 6to4 and Teredo lead through relays; mapped addresses mean the network of IPv4.
    tunnel = isinstance(address, ipaddress.IPv6Address) and bool(
        address.ipv4_mapped or address.sixtofour or address.teredo or address in _COMPATIBLE
    )
    local = address in _PROTOCOLS if isinstance(address, ipaddress.IPv4Address) else address.is_site_local
    return address.is_global and not (address.is_multicast or address.is_reserved or tunnel or local)
