"""Checkpoints: a signed statement, every hour, of how far every chain has come.

What a checkpoint covers cannot be rewritten unnoticed by anybody who has not its key; and the root stands in the
operator's log as well, which is a witness that the database's owner does not keep.
"""

import asyncio
from datetime import timedelta

import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.audit.chain import CHECKPOINT, ZERO, Head, Tree, hashed, leaf, statement
from gateway.store import chains
from gateway.store.chains import Checkpoint
from gateway.store.database import Database

log = structlog.get_logger(__name__)


async def signing_key(database: Database) -> Ed25519PrivateKey:
    """The key that signs checkpoints and exports: the same in every process, and whichever master key is in force."""
    await database.open_vault()
    return Ed25519PrivateKey.from_private_bytes(database.vault.derived("signatures of the log"))


async def public_key(database: Database) -> str:
    """As `gateway audit key` prints it."""
    return (await signing_key(database)).public_key().public_bytes_raw().hex()


async def make(database: Database) -> Checkpoint | None:
    """Cover what has grown since the last one. None: nothing has."""
    key = await signing_key(database)
    while True:
        # Read without holding anybody up: whatever grows meanwhile, each head is one that its chain had.
        async with database.read() as work:
            last, grown = await chains.last_checkpoint(work), await chains.grown(work)
        if not grown:
            return None
        root = await asyncio.to_thread(_root, grown)
        async with database.write() as work:
            await work.alone(chains.CHECKPOINTING)
            # Another process may have been faster: then what has grown is another thing.
            if await chains.last_checkpoint(work) == last:
                number, previous = last.number + 1 if last else 1, hashed(stated(last)) if last else ZERO
                said = statement(number, work.now, root, len(grown), previous)
                signature = key.sign(CHECKPOINT + said).hex()
                new = Checkpoint(number, work.now, root, len(grown), previous, signature)
                await chains.add_checkpoint(work, new, grown)
                break
    log.info(
        "checkpoint",
        what="the record so far was signed",
        number=new.number,
        root=new.root,
        count=new.count,
        signature=new.signature,
    )
    return new


async def make_if_due(database: Database, every: timedelta) -> None:
    """Where the last one is that long ago, whoever made it."""
    async with database.read() as work:
        last = await chains.last_checkpoint(work)
    if last is None or database.now() - last.at >= every:
        await make(database)


def stated(checkpoint: Checkpoint) -> bytes:
    """What of it is signed."""
    one = checkpoint
    return statement(one.number, one.at, one.root, one.count, one.previous)


def _root(heads: list[Head]) -> str:
    return Tree([leaf(head) for head in heads]).root
