"""How personal data goes to rest and comes back: sealed under a key of its customer, found again by a blind index.

    master key      outside of the database: GATEWAY_MASTER_KEY..., newest first
      -> house key      one, wrapped by the master key; from it come the index, the house's own seal, and other keys
      -> data key       one for each customer, wrapped by the master key; who destroys it has erased what it sealed

AES-256-GCM (NIST SP 800-38D) with a random 96-bit nonce for everything; HMAC-SHA256 for the index; HKDF-SHA256
(RFC 5869) from the house key. A wrapped key is bound to its owner: it opens nothing in another's row.
"""

import base64
import hashlib
import hmac
import os
from collections.abc import Sequence
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from gateway.audit.chain import HOUSE

KEY_BYTES = 32
NONCE_BYTES = 12

ERASED = "(erased)"
"""What is read where the key was destroyed."""


class WrongMasterKey(ValueError):
    """None of the master keys made this database."""


class Tampered(ValueError):
    """What is sealed was changed, or belongs to somebody else. Its text holds nothing of it."""


@dataclass(frozen=True, slots=True)
class Wrapping:
    """A key that wraps others. `id` names it beside what it wrapped, and tells nothing about it."""

    id: str
    _cipher: AESGCM = field(repr=False)

    @classmethod
    def of(cls, key: bytes) -> "Wrapping":
        if len(key) != KEY_BYTES:
            raise ValueError(f"a master key has {KEY_BYTES} bytes")
        return cls(hashlib.sha256(b"gateway master key" + key).hexdigest()[:8], AESGCM(key))

    def wrap(self, owner: str, key: bytes) -> str:
        nonce = os.urandom(NONCE_BYTES)
        return f"{self.id}.{_text(nonce + self._cipher.encrypt(nonce, key, owner.encode()))}"

    def unwrap(self, owner: str, wrapped: str) -> bytes:
        sealed = _bytes(wrapped.partition(".")[2])
        return self._cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], owner.encode())


class DataKey:
    """Seals and opens what is one customer's, or the house's."""

    __slots__ = ("_cipher",)

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    def seal(self, text: str) -> str:
        nonce = os.urandom(NONCE_BYTES)
        return _text(nonce + self._cipher.encrypt(nonce, text.encode(), None))

    def open(self, sealed: str) -> str:
        """Raises `Tampered`."""
        try:
            data = _bytes(sealed)
            return self._cipher.decrypt(data[:NONCE_BYTES], data[NONCE_BYTES:], None).decode()
        except (InvalidTag, ValueError):
            raise Tampered("something that was sealed cannot be opened") from None


class Erased:
    """Stands where a data key was destroyed: nothing more is kept of this customer, and nothing comes back."""

    __slots__ = ()

    def seal(self, text: str) -> str:
        return ERASED

    def open(self, sealed: str) -> str:
        return ERASED


class Vault:
    """The keys of one process. It is closed until the database's house key was unwrapped."""

    def __init__(self, master: Sequence[bytes]) -> None:
        """`master`: the newest first; it wraps, all unwrap."""
        if not master:
            raise ValueError("a vault needs a master key")
        self._wrappings = [Wrapping.of(key) for key in master]
        self._house: bytes | None = None
        self._index_key = b""
        self._own: DataKey | None = None

    @property
    def is_open(self) -> bool:
        return self._house is not None

    @property
    def current(self) -> str:
        """What is wrapped by the newest master key begins with this."""
        return f"{self._wrappings[0].id}."

    def new_key(self, owner: str) -> str:
        """A fresh data key, wrapped."""
        return self._wrappings[0].wrap(owner, os.urandom(KEY_BYTES))

    def unlock(self, wrapped: str) -> None:
        """Take the house key. Raises `WrongMasterKey`."""
        self._house = self._unwrap(HOUSE, wrapped)
        self._index_key = self.derived("index of addresses")
        self._own = DataKey(self.derived("what belongs to no customer"))

    def opens(self, wrapped: str) -> bool:
        """Whether this process's master keys still open the house key as it is wrapped now."""
        try:
            self._unwrap(HOUSE, wrapped)
        except (WrongMasterKey, Tampered):
            return False
        return True

    def data_key(self, owner: str, wrapped: str | None) -> DataKey | Erased:
        """What seals and opens for this owner; without a key, what says that it is gone."""
        return Erased() if wrapped is None else DataKey(self._unwrap(owner, wrapped))

    @property
    def house(self) -> DataKey:
        """What seals and opens what belongs to no customer."""
        assert self._own is not None, "the vault is closed"
        return self._own

    def rewrapped(self, owner: str, wrapped: str) -> str:
        """The same key, wrapped by the newest master key."""
        return self._wrappings[0].wrap(owner, self._unwrap(owner, wrapped))

    def derived(self, purpose: str) -> bytes:
        """A key for one purpose: the same on every process, whichever master key is in force."""
        if self._house is None:
            raise RuntimeError("the vault is closed")
        return HKDF(SHA256(), KEY_BYTES, salt=None, info=f"gateway: {purpose}".encode()).derive(self._house)

    def index(self, text: str) -> str:
        """The same for the same text, and no way back without the house key."""
        return hmac.digest(self._index_key, text.encode(), "sha256").hex()

    def _unwrap(self, owner: str, wrapped: str) -> bytes:
        id_ = wrapped.partition(".")[0]
        for one in self._wrappings:
            if one.id == id_:
                try:
                    return one.unwrap(owner, wrapped)
                except (InvalidTag, ValueError):
                    raise Tampered("a wrapped key cannot be opened") from None
        raise WrongMasterKey(f"this database needs the master key {id_}, which is not among those that are set")


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _bytes(text: str) -> bytes:
    return base64.b64decode(text, validate=True)
