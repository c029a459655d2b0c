"""dkimpy as the receiving side: it shares no code with our signer."""

from base64 import b64decode
from collections.abc import Mapping
from types import SimpleNamespace

import dkim  # type: ignore[import-untyped]
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat


def a_key(kind: str, bits: int = 2048) -> RSAPrivateKey | Ed25519PrivateKey:
    return Ed25519PrivateKey.generate() if kind == "ed25519" else generate_private_key(65537, bits)


def pem(key: RSAPrivateKey | Ed25519PrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def verifies(mail: bytes, dns: Mapping[str, str]) -> bool:
    """Whether the first signature of `mail` holds, with the TXT records in `dns`."""

    def txt(name: bytes, timeout: int = 5) -> str:
        return dns[name.decode().rstrip(".")]

    try:
        return bool(dkim.DKIM(mail).verify(dnsfunc=txt))
    except dkim.DKIMException:
        return False


class _VerifyKey:
    """What dkimpy wants of PyNaCl, which is not installed: Ed25519 alone, and nothing of DKIM."""

    def __init__(self, key: bytes, encoder: type) -> None:
        self._key = Ed25519PublicKey.from_public_bytes(encoder.decode(key))  # type: ignore[attr-defined]

    def verify(self, message: bytes, signature: bytes) -> None:
        self._key.verify(signature, message)


class _Base64Encoder:
    @staticmethod
    def decode(text: bytes) -> bytes:
        return b64decode(text)


if not hasattr(dkim, "nacl"):
    dkim.nacl = SimpleNamespace(
        signing=SimpleNamespace(VerifyKey=_VerifyKey),
        encoding=SimpleNamespace(Base64Encoder=_Base64Encoder),
        exceptions=SimpleNamespace(BadSignatureError=InvalidSignature, ValueError=ValueError),
    )
