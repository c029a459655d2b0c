"""One transaction, with what the statements in it need."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, CursorResult, Executable, Table, func, select

from gateway.audit.chain import HOUSE, ZERO, digest, link
from gateway.clock import Clock
from gateway.ids import Ids
from gateway.store import log, session
from gateway.store.dialects import ALONE, SHARING
from gateway.store.many import Prepared, Question, among, to_change, to_insert
from gateway.store.rules import RuleTexts
from gateway.store.session import Session
from gateway.store.tables import CustomerRow, metadata
from gateway.store.vault import DataKey, Erased, Vault
from policies.decision import RuleInfo

T = TypeVar("T")

Row = session.Row

_CUSTOMER: Table = metadata.tables["customer"]
_ACCOUNT: Table = metadata.tables["account"]
_HOUSE: Table = metadata.tables["house"]

_HEAD = (_CUSTOMER.c.id, _CUSTOMER.c.log_seq, _CUSTOMER.c.log_hash, _CUSTOMER.c.data_key)
"""What a transaction needs of a customer whose row it takes."""

_WRITING_OF_THE_HOUSE = 0x686F7573
"""The key alone with which the chain of the house grows."""

# FOR NO KEY UPDATE: rows that only refer to them (foreign keys) may be added by others meanwhile.
_CUSTOMERS = select(*_HEAD).where(among(_CUSTOMER.c.id, "ids")).order_by(_CUSTOMER.c.id)
_LOCK = Question(_CUSTOMERS.with_for_update(key_share=True))
_LOCK_FREE = Question(_CUSTOMERS.with_for_update(key_share=True, skip_locked=True))
_KEYS = Question(select(_CUSTOMER.c.id, _CUSTOMER.c.data_key).where(among(_CUSTOMER.c.id, "ids")))
_ACCOUNTS = select(_ACCOUNT.c.id).where(among(_ACCOUNT.c.id, "ids")).order_by(_ACCOUNT.c.id)
_LOCK_ACCOUNTS = Question(_ACCOUNTS.with_for_update(key_share=True))
_LOCK_FREE_ACCOUNTS = Question(_ACCOUNTS.with_for_update(key_share=True, skip_locked=True))


def table(name: str) -> Table:
    """The table of that name, for set-based statements."""
    return metadata.tables[name]


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that callers may want to be told of: about a contact, or about a customer where it is about none."""

    kind: str
    contact_id: str | None = None
    customer_id: str | None = None
    data: dict[str, Any] = field(default_factory=dict)  #: ids and states, nothing personal


class Work:
    """A transaction. All it writes carries one instant, `now`: that at which it began, or had what it waited for."""

    def __init__(self, connection: Session, vault: Vault, ids: Ids, clock: Clock, texts: RuleTexts) -> None:
        self._session = connection
        self._clock = clock
        self._vault = vault
        self._keys: dict[str, DataKey | Erased] = {HOUSE: vault.house}
        self.now: datetime = clock()
        self._ids = ids
        self._sequences: dict[str, int] = {}  # of the customers
        self._house: int | None = None
        self._hashes: dict[str, str] = {}  # of the last entries of all chains that are ours
        self._entries: list[Row] = []
        self._accounts: set[str] = set()
        self._texts = texts
        self._new_rules: set[str] = set()
        #: What happened in it, in its order.
        self.happenings: list[Happening] = []

    def new_id(self) -> str:
        return self._ids(self.now)

    async def all(self, statement: Executable, parameters: Row | None = None) -> Sequence[Any]:
        return await self._do(statement, parameters, lambda result: result.all())

    async def ask(self, question: Question, values: Mapping[str, Any]) -> list[Any]:
        """The rows that answer one of the path's own questions. Lists are for `among`."""
        asked = question.asked(self._session.dialect)
        return asked.rows(await self._session.fetch(asked, asked.parameters(values)))

    async def one(self, statement: Executable, parameters: Row | None = None) -> Any:
        """The first row, or None."""
        return await self._do(statement, parameters, lambda result: result.first())

    async def run(self, statement: Executable, parameters: Row | Sequence[Row] | None = None) -> int:
        """How many rows it changed."""
        return await self._do(statement, parameters, lambda result: result.rowcount)

    async def _do(
        self, statement: Executable, parameters: Row | Sequence[Row] | None, take: Callable[[CursorResult[Any]], T]
    ) -> T:
        return await self._session.execute(statement, parameters, take)

    async def insert(self, name: str, rows: Sequence[Row]) -> None:
        """Many rows in one statement; none is fine. Every row names the same columns."""
        if rows:
            await self._many(to_insert(name, tuple(rows[0]), self._session.dialect), rows)

    async def insert_if_new(self, name: str, rows: Sequence[Row]) -> None:
        """The same, but rows whose key is there stay as they are: another process may write them at the same time."""
        if rows:
            await self._many(to_insert(name, tuple(rows[0]), self._session.dialect, if_new=True), rows)

    async def change(self, name: str, rows: Sequence[Row]) -> None:
        """Set columns of many rows by their id: each row holds `id` and the columns to set, the same in all."""
        if rows:
            await self._many(to_change(name, tuple(rows[0]), self._session.dialect), rows)

    async def _many(self, prepared: Prepared, rows: Sequence[Row]) -> None:
        await self._session.many(prepared, prepared.parameters(rows))

    @property
    def is_embedded(self) -> bool:
        """Whether this is SQLite: what writes there is alone, and nothing has to be locked."""
        return self._session.is_alone

    async def lock(self, customer_ids: Collection[str], account_ids: Collection[str] = ()) -> None:
        """Take the customers' rows, then the accounts', each in the order of their ids: two batches never deadlock.

        What is read afterwards is read after the lock. On SQLite the transaction is alone anyway.
        """
        await self._take(_LOCK, customer_ids)
        await self._take_accounts(_LOCK_ACCOUNTS, account_ids)

    async def lock_free(self, customer_ids: Collection[str], account_ids: Collection[str] = ()) -> None:
        """The same, but without waiting: what somebody else holds is left out. `holds` says what was had."""
        await self._take(_LOCK_FREE, customer_ids)
        await self._take_accounts(_LOCK_FREE_ACCOUNTS, account_ids)

    async def lock_first(self, customer_id: ColumnElement[Any], since: ColumnElement[Any], limit: int) -> None:
        """The customers of these columns, those who wait longest first, as many as nobody else holds up to `limit`."""
        waiting = select(customer_id.label("id"), func.min(since).label("since")).group_by(customer_id).subquery()
        statement = (
            select(*_HEAD)
            .join(waiting, waiting.c.id == _CUSTOMER.c.id)
            .order_by(waiting.c.since, _CUSTOMER.c.id)
            .limit(limit)
            .with_for_update(of=_CUSTOMER, key_share=True, skip_locked=True)
        )
        self._took(await self.all(statement))

    @property
    def customers(self) -> Collection[str]:
        """Whose rows are this transaction's."""
        return self._sequences.keys()

    def holds(self, customer_ids: Collection[str], account_ids: Collection[str] = ()) -> bool:
        """Whether all of these rows are this transaction's."""
        is_theirs = self._sequences.keys() >= set(customer_ids)
        return is_theirs and (self.is_embedded or self._accounts >= set(account_ids))

    async def _take(self, question: Question, customer_ids: Collection[str]) -> None:
        missing = sorted(set(customer_ids) - self._sequences.keys())
        if not missing or not self._session.is_writing:
            return
        found = await self.ask(question, {"ids": missing})
        if not self._sequences and not self.is_embedded:
            # Somebody may have been waited for. Nothing was written before the first lock.
            self.now = self._clock()
        self._took(found)

    def _took(self, rows: Sequence[Any]) -> None:
        for row in rows:
            self._sequences[row.id] = row.log_seq
            self._hashes[row.id] = row.log_hash
            self._keys[row.id] = self._vault.data_key(row.id, row.data_key)

    async def _take_accounts(self, question: Question, account_ids: Collection[str]) -> None:
        missing = sorted(set(account_ids) - self._accounts)
        if missing and self._session.is_writing and not self.is_embedded:
            self._accounts.update([row.id for row in await self.ask(question, {"ids": missing})])

    async def alone(self, key: int) -> None:
        """Until the transaction ends nobody else does what this key stands for, and nobody shares it."""
        if not self.is_embedded:
            await self.run(ALONE, {"key": key})

    async def sharing(self, key: int) -> None:
        """Until the transaction ends nobody is alone with this key."""
        if not self.is_embedded:
            await self.run(SHARING, {"key": key})

    async def lock_house(self) -> None:
        """Take the chain of what concerns no customer. After customers and their accounts, never before."""
        if self._house is None:
            await self.alone(_WRITING_OF_THE_HOUSE)
            await self.insert_if_new("house", [{"id": 1, "log_seq": 0, "log_hash": ZERO}])
            head = await self.one(select(_HOUSE))
            self._house, self._hashes[HOUSE] = head.log_seq, head.log_hash

    def logged(self, kind: str, row: Row, *, chain: str | None = None) -> Row:
        """A row for the table `kind`, with its number in the record: its entry is written in this transaction.

        Its customer is locked or made by it; `chain` is given where that is the house's.
        """
        chain = chain or row["customer_id"]
        seq = self._next(chain)
        of_it = digest(log.content(kind, row))
        before = self._hashes[chain]
        self._hashes[chain] = hashed = link(before, chain, seq, kind, row["id"], self.now, of_it)
        self._entries.append(
            {
                "customer_id": chain,
                "seq": seq,
                "kind": kind,
                "of_id": row["id"],
                "at": self.now,
                "digest": of_it,
                "hash": hashed,
            }
        )
        return {**row, "seq": seq}

    def _next(self, chain: str) -> int:
        if chain == HOUSE:
            assert self._house is not None, "the chain of the house is locked first"
            self._house += 1
            return self._house
        self._sequences[chain] += 1
        return self._sequences[chain]

    def name_rule(self, info: RuleInfo) -> str:
        """The key that stands for a rule in a decision; its text is written with this transaction if it is new."""
        key = self._texts.key(info)
        if key not in self._texts.recorded:
            self._new_rules.add(key)
        return key

    @property
    def rules(self) -> Mapping[str, dict[str, Any]]:
        """The texts of rules by their keys: those that this process has met."""
        return self._texts.by_key

    async def read_rules(self, keys: Collection[str]) -> None:
        """Meet those of them that are only on disk."""
        missing = [key for key in keys if key not in self._texts.by_key]
        if missing:
            target = table("rule_text")
            for row in await self.all(select(target).where(target.c.key.in_(missing))):
                self._texts.by_key[row.key] = row.rule

    def made_customer(self, customer_id: str) -> str:
        """A new customer's record begins. Their data key, wrapped, for their row."""
        wrapped = self._vault.new_key(customer_id)
        self._sequences[customer_id] = 0
        self._keys[customer_id] = self._vault.data_key(customer_id, wrapped)
        self._hashes[customer_id] = ZERO
        return wrapped

    def take_keys(self, rows: Iterable[Any]) -> None:
        """From rows of customers, which hold their keys."""
        for row in rows:
            if row.id not in self._keys:
                self._keys[row.id] = self._vault.data_key(row.id, row.data_key)

    async def open_keys(self, customer_ids: Iterable[str | None]) -> None:
        """Have at hand what opens what is sealed for these customers."""
        missing = {one for one in customer_ids if one and one not in self._keys}
        if missing:
            self.take_keys(await self.ask(_KEYS, {"ids": sorted(missing)}))

    def seal(self, owner: str | None, text: str) -> str:
        """What is personal, as it goes to rest. The owner is a customer of this transaction, or nobody: the house."""
        return self._keys[owner or HOUSE].seal(text)

    def open(self, owner: str | None, sealed: str) -> str:
        """It comes back. The owner's key must be at hand: they are locked, or `open_keys` was asked."""
        return self._keys[owner or HOUSE].open(sealed)

    def index(self, text: str) -> str:
        """The same for the same text, and no way back: what is sealed is found by it."""
        return self._vault.index(text)

    async def finish(self) -> None:
        """Before the commit: what follows from all that was done."""
        if self._new_rules:
            await self._write_rules()
        if self._entries:
            await self._write_log()

    def committed(self) -> None:
        """After the commit: what is now known to be on disk."""
        self._texts.recorded |= self._new_rules

    async def _write_log(self) -> None:
        """The entries, and what each chain goes on from."""
        await self.insert("log_entry", self._entries)
        grown = sorted({entry["customer_id"] for entry in self._entries})
        heads = [
            {"id": chain, "log_seq": self._sequences[chain], "log_hash": self._hashes[chain]}
            for chain in grown
            if chain != HOUSE
        ]
        await self.change(str(CustomerRow.__tablename__), heads)
        if HOUSE in grown:
            await self.change("house", [{"id": 1, "log_seq": self._house, "log_hash": self._hashes[HOUSE]}])

    async def _write_rules(self) -> None:
        rows = [{"key": key, "rule": self._texts.by_key[key]} for key in sorted(self._new_rules)]
        await self.insert_if_new("rule_text", rows)


def seal(work: Work, owner: str | None, text: str | None) -> str | None:
    return None if text is None else work.seal(owner, text)


def unseal(work: Work, owner: str | None, sealed: str | None) -> str | None:
    return None if sealed is None else work.open(owner, sealed)
