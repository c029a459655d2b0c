"""The token in a survey's link: a contact's id in another guise, 22 characters, because in a text each one counts.

One block of AES-256 under a key of our own is a permutation of all 128-bit numbers (FIPS 197). So the token tells
nothing of the id, and of tokens that are made up one in 2**128 divided by the number of contacts means any of them:
as with a random number, of which nothing would have to be kept. When it ends, the contact says.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from gateway.store.vault import Vault

LENGTH = 22


def token(vault: Vault, contact_id: str) -> str:
    encryptor = _cipher(vault).encryptor()
    block = encryptor.update(bytes.fromhex(contact_id)) + encryptor.finalize()
    return urlsafe_b64encode(block).rstrip(b"=").decode()


def contact_id(vault: Vault, shown: str) -> str | None:
    """The id that a token stands for, whether or not there is such a contact. None: it is no token."""
    if len(shown) != LENGTH or not shown.isascii():
        return None
    try:
        block = urlsafe_b64decode(shown + "==")
    except ValueError:
        return None
    # The decoder skips what it does not know, and the last character has bits to spare: one contact, one token.
    if urlsafe_b64encode(block).rstrip(b"=").decode() != shown:
        return None
    decryptor = _cipher(vault).decryptor()
    return (decryptor.update(block) + decryptor.finalize()).hex()


def _cipher(vault: Vault) -> Cipher[modes.ECB]:
    # What is unsafe about ECB is that equal blocks of a message look equal. There is one block, and no two are equal.
    return Cipher(algorithms.AES256(vault.derived("links of surveys")), modes.ECB())  # noqa: S305
