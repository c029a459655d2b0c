"""Alibaba Cloud's signature V3, `ACS3-HMAC-SHA256`, of the one kind of request that is made here: a POST to `/`.

https://help.aliyun.com/zh/sdk/product-overview/v3-request-structure-and-signature

    canonical   method, path, query, signed headers as name:value lines, their names, SHA-256 of the body
    signed      HMAC-SHA256(secret, "ACS3-HMAC-SHA256" + newline + SHA-256 of the canonical request)
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from hmac import digest

ALGORITHM = "ACS3-HMAC-SHA256"


def headers(*, host: str, action: str, version: str, at: datetime, nonce: str, body: bytes) -> dict[str, str]:
    """What goes with a request before it is signed. Vendor and we may differ by 15 minutes; a nonce serves once."""
    return {
        "host": host,
        "x-acs-action": action,
        "x-acs-content-sha256": sha256(body).hexdigest(),
        "x-acs-date": f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "x-acs-signature-nonce": nonce,
        "x-acs-version": version,
    }


def authorization(key_id: str, secret: str, headers: Mapping[str, str], *, query: str = "") -> str:
    """The `Authorization` over all `headers`, by lower-case names. `query` is sorted and encoded already."""
    names = ";".join(sorted(headers))
    lines = "".join(f"{name}:{headers[name].strip()}\n" for name in sorted(headers))
    canonical = "\n".join(["POST", "/", query, lines, names, headers["x-acs-content-sha256"]])
    signed = f"{ALGORITHM}\n{sha256(canonical.encode()).hexdigest()}"
    signature = digest(secret.encode(), signed.encode(), sha256).hex()
    return f"{ALGORITHM} Credential={key_id},SignedHeaders={names},Signature={signature}"
