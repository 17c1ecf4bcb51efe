"""What the checks share: their tag, and how an address is read."""

from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

TAG = "musicmatch"


def parts_of(url: str) -> SplitResult:
    """Split an address; one that cannot be split has no host and no scheme."""
    try:
        parts = urlsplit(url)
        return parts if parts.hostname and parts.port != 0 else urlsplit("")
    except ValueError:
        return urlsplit("")


def is_loopback(host: str) -> bool:
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
