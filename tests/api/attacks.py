"""Known attacks on GraphQL over HTTP, as bytes on a connection, each with the answer that is right.

`tests/api/test_attacks.py` looks at the answers; `tests/benchmarks/attacks.py` at how long each keeps the server busy.
"""

import asyncio
import gzip
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import orjson
from graphql import get_introspection_query

from gateway.model import Role

ROLE = "{ viewer { role } }"
GRAPHQL = "application/graphql-response+json"


@dataclass(frozen=True)
class Attack:
    """`{key}` in `raw` stands for the caller's key. `code` of every error in the answer; "": there is none."""

    name: str
    raw: bytes
    status: int
    code: str = ""
    role: Role = Role.CUSTOMER
    says: str = ""  #: somewhere in the answer
    never_says: str = ""


@dataclass(frozen=True)
class Heard:
    """The first answer on the connection, and how many statuses came in all."""

    status: int
    headers: dict[str, str]
    body: bytes
    answers: int

    def codes(self) -> set[str]:
        if not self.body.startswith(b"{"):
            return set()
        return {str(error["extensions"]["code"]) for error in orjson.loads(self.body).get("errors", [])}


async def attempt(port: int, attack: Attack, key: str) -> Heard:
    """Send it all at once, and listen until the server closes or has answered what ends with us closing."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 24)
    try:
        writer.write(attack.raw.replace(b"{key}", key.encode()))
        head = await reader.readuntil(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in lines[1:] if line)
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        rest = b""
        if b"connection: close" in head.lower():
            rest = await reader.read()
        return Heard(int(lines[0].split()[1]), headers, body, 1 + rest.count(b"HTTP/1.1 "))
    finally:
        writer.close()


def http(body: bytes = b"", method: str = "POST", path: str = "/graphql", **fields: str | None) -> bytes:
    """A request. A field that is None is left out."""
    given: dict[str, str | None] = {
        "Host": "gateway.test",
        "Authorization": "Bearer {key}",
        "Accept": GRAPHQL,
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        **{name.replace("_", "-"): value for name, value in fields.items()},
    }
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in given.items() if value is not None)]
    return "\r\n".join([*lines, "", ""]).encode() + body


def post(query: Any, variables: Any = None, **more: Any) -> bytes:
    return http(orjson.dumps({"query": query, **({} if variables is None else {"variables": variables}), **more}))


def get(query: str, **fields: str | None) -> bytes:
    more = {"Content_Type": None, "Content_Length": None, **fields}
    return http(b"", "GET", "/graphql?query=" + quote(query), **more)


def chunked(*parts: bytes) -> bytes:
    body = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"
    return http(Content_Length=None, Transfer_Encoding="chunked") + body


def fan_out(fragments: int) -> str:
    spread = " ".join(f"fragment F{n} on Query {{ ...F{n + 1} ...F{n + 1} }}" for n in range(fragments))
    return f"{{ ...F0 }} {spread} fragment F{fragments} on Query {{ viewer {{ name }} }}"


GOOD = orjson.dumps({"query": ROLE})
NODE = "query ($id: ID!) { node(id: $id) { id } }"
NODES = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }"
PAGE = "query ($first: Int, $after: String) { contacts(first: $first, after: $after) { totalCount } }"
REQUESTS = "mutation ($inputs: [RequestContactInput!]!) { requestContacts(inputs: $inputs) { userErrors { code } } }"
REQUEST = "mutation ($input: RequestContactInput!) { requestContact(input: $input) { userErrors { code } } }"
DEEP = "{ viewer" + " { customer { contacts { nodes" * 10 + " { id }" + " } } }" * 10 + " }"
PAGES = (
    "{ contacts(first: 100) { nodes { customer { contacts(first: 100) { nodes { id status purpose dueAt createdAt"
    " attempts(first: 100) { nodes { id } } } } } } } }"
)
UNKNOWN_SCHEMA = "Cannot query field '__schema' on type 'Query'."
UNKNOWN_TYPE = "Cannot query field '__type' on type 'Query'."
BAD, COST, UNKNOWN = "BAD_USER_INPUT", "COST_EXCEEDED", "UNAUTHENTICATED"

TOO_MUCH_AT_ONCE = [
    Attack("hundreds of aliases", post("{" + " ".join(f"a{n}: __typename" for n in range(800)) + "}"), 400, COST),
    Attack(
        "aliases of what is costly",
        post("{" + " ".join(f"a{n}: contacts(first: 100) {{ nodes {{ id }} }}" for n in range(31)) + "}"),
        400,
        COST,
    ),
    Attack("hundreds of directives", post("{ viewer { role " + "@include(if: true) " * 600 + "} }"), 400, COST),
    Attack("a thousand unknown directives", post("{ viewer { role " + "@a " * 2000 + "} }"), 400, COST),
    Attack("a directive on each field", post("{ viewer {" + " role @skip(if: false)" * 400 + "} }"), 400, COST),
    Attack("directives on the operation", post("query Q " + "@skip(if: true) " * 500 + ROLE), 400, COST),
    Attack("one field again and again", post("{ viewer {" + " role" * 4000 + "} }"), 400, COST),
    Attack("fields that are merged in pairs", post("{" + " viewer { role name }" * 120 + "}"), 400, COST),
    Attack(
        "fields that conflict in pairs",
        post("{" + " ".join(f"contacts(first: {n + 1}) {{ totalCount }}" for n in range(240)) + "}"),
        400,
        COST,
    ),
    Attack("a fan-out of fragments", post(fan_out(40)), 400, COST),
    Attack("a wide fan-out of fragments", post(fan_out(48).replace("}", " ...F9 }", 3)), 400, COST),
    Attack("a fragment that spreads itself", post("{ ...F } fragment F on Query { ...F }"), 400, BAD),
    Attack(
        "fragments in a circle",
        post("{ ...F } fragment F on Query { ...G } fragment G on Query { viewer { role } ...F }"),
        400,
        BAD,
    ),
    Attack(
        "a circle through the graph",
        post(
            "{ ...F } fragment F on Query { viewer { customer { ...C } } }"
            " fragment C on Customer { contacts { nodes { customer { ...C } } } }"
        ),
        400,
        COST,
    ),
    Attack("thousands of spreads", post("{" + " ...F" * 2000 + "} fragment F on Query { viewer { role } }"), 400, COST),
    Attack("inline fragments in each other", post("{" + " ... {" * 150 + " viewer { role }" + "}" * 151), 200),
    Attack("thirty levels", post(DEEP), 400, COST),
    Attack("ten thousand braces", post("{" * 10_000), 400, BAD),
    Attack("a query nested until the parser gives up", post("{ a" * 1600 + "}" * 1600), 400, BAD),
    Attack("lists in lists", post("{ node(id: " + "[" * 2000 + "]" * 2000 + ") { id } }"), 400, BAD),
    Attack("objects in objects", post("{ node(id: " + "{a:" * 1500 + "1" + "}" * 1500 + ") { id } }"), 400, BAD),
    Attack("types in types", post("query ($a: " + "[" * 2000 + "Int" + "]" * 2000 + ") " + ROLE), 400, BAD),
    Attack("pages in pages in pages", post(PAGES), 400, COST),
    Attack("a page of two thousand million", post(PAGE, {"first": 2_147_483_647}), 200, BAD),
    Attack("a page of minus one", post(PAGE, {"first": -1}), 200, BAD),
    Attack("a hundred operations", post(" ".join(f"query Q{n} {ROLE}" for n in range(100))), 400, COST),
    Attack("operations of one name", post(f"query Q {ROLE} query Q {ROLE}", operationName="Q"), 400, BAD),
    Attack("a thousand variables", post(f"query ({' '.join(f'$a{n}: Int' for n in range(1000))}) {ROLE}"), 400, BAD),
    Attack(
        "a thousand unknown variables",
        post("{ nodes(ids: [" + " ".join(f"$a{n}" for n in range(1000)) + "]) { id } }"),
        400,
        BAD,
    ),
    Attack(
        "a default that is a bomb",
        post("query ($ids: [ID!]! = [" + '"x" ' * 4000 + "]) { nodes(ids: $ids) { id } }"),
        200,
        BAD,
    ),
    Attack("more tokens than are read", post("{" + " a" * 40_000 + " }"), 400, BAD),
    Attack("a megabyte of query", post('{ node(id: "' + "x" * 900_000 + '") { id } }'), 400, BAD),
    Attack("a flood of comments", post("#x\n" * 30_000 + ROLE), 400, BAD),
    Attack("a flood of new lines", post("\n" * 90_000 + ROLE), 200),
    Attack("a flood of commas", post("," * 90_000 + ROLE), 200),
    Attack("a block string of many lines", post('{ node(id: """' + " \n" * 40_000 + '""") { id } }'), 200, BAD),
    Attack("two hundred thousand ids", post(NODES, {"ids": [1] * 200_000}), 400, COST),
    Attack("as many ids as are looked at", post(NODES, {"ids": ["x"] * 24_000}), 200, BAD),
    Attack("five thousand ids", post(NODES, {"ids": ["x"] * 5000}), 200, BAD),
    Attack("fifty thousand contacts", post(REQUESTS, {"inputs": [{}] * 50_000}), 400, COST, Role.SERVICE),
    Attack("two thousand empty contacts", post(REQUESTS, {"inputs": [{}] * 2000}), 400, BAD, Role.SERVICE),
    Attack("an object of fifty thousand keys", post(NODE, {"id": {f"k{n}": 0 for n in range(50_000)}}), 400, COST),
    Attack("variables that nobody asked for", post(ROLE, {f"k{n}": 0 for n in range(20_000)}), 200),
    Attack("a batch of a thousand", http(b"[" + b",".join([GOOD] * 1000) + b"]"), 400, BAD),
    Attack("a batch of one", http(b"[" + GOOD + b"]"), 400, BAD),
    Attack("an id of ninety thousand characters", post(NODE, {"id": "A" * 90_000}), 200, BAD),
    Attack("a cursor of ninety thousand characters", post(PAGE, {"after": "=" * 90_000}), 200, BAD),
]

LOOKING_AROUND = [
    Attack("introspection", post(get_introspection_query()), 400, BAD, says=UNKNOWN_SCHEMA, never_says="mean"),
    Attack("introspection by GET", get("{ __schema { types { name } } }"), 400, BAD, says=UNKNOWN_SCHEMA),
    Attack("introspection by another name", post("{ a: __schema { types { nme } } }"), 400, BAD, never_says="nme"),
    Attack(
        "introspection in a fragment",
        post("{ viewer { role } ...F } fragment F on Query { ... { __schema { types { name } } } }"),
        400,
        BAD,
        says=UNKNOWN_SCHEMA,
    ),
    Attack("a look at one type", post('{ __type(name: "Caller") { name } }'), 400, BAD, says=UNKNOWN_TYPE),
    Attack(
        "introspection behind a variable",
        post("query ($a: Boolean!) { viewer { role } __schema @include(if: $a) { types { name } } }", {"a": False}),
        400,
        BAD,
        says=UNKNOWN_SCHEMA,
    ),
    Attack(
        "a circle through introspection",
        post("{ __schema { types" + " { fields { type" * 4 + " { name }" + " } }" * 4 + " } }"),
        400,
        BAD,
        Role.SERVICE,
    ),
    Attack("a guess at a field", post("{ viewr { role } }"), 400, BAD, never_says="mean"),
    Attack("a guess at an argument", post("{ contacts(frst: 1) { totalCount } }"), 400, BAD, never_says="mean"),
    Attack("a guess at a type", post("query ($a: Purpse) " + ROLE), 400, BAD, never_says="mean"),
    Attack(
        "a guess at a value",
        post("query ($a: Purpose!) { nextAllowedContact(customerId: 1, purpose: $a) { at } }", {"a": "FOLOW_UP"}),
        400,
        BAD,
        never_says="mean",
    ),
    Attack("the name of a type, which all may know", post("{ __typename }"), 200, says='"__typename":"Query"'),
    Attack("the service's SDL, as federation asks for it", post("{ _service { sdl } }"), 400, BAD),
    Attack("a directive that is not there", post("{ viewer { role @defer } }"), 400, BAD),
    Attack("a subscription by POST", post("subscription { contactChanged { id } }"), 400, BAD),
    Attack("a mutation by GET", get("mutation { __typename }"), 405),
]

STRANGE_BODIES = [
    Attack("two megabytes", http(b" " * 2_000_000), 413, BAD),
    Attack("two megabytes that do not say so", chunked(*[b" " * 50_000] * 40), 413, BAD),
    Attack("a length that is a lie", http(GOOD, Content_Length="10000000000"), 413, BAD),
    Attack("a length below zero", http(GOOD, Content_Length="-1"), 400),
    Attack("a length that is too large for a number", http(GOOD, Content_Length="9" * 30), 400),
    Attack("UTF-16", http(GOOD.decode().encode("utf-16")), 400, BAD),
    Attack(
        "UTF-16 that says so",
        http(GOOD.decode().encode("utf-16"), Content_Type="application/json; charset=utf-16"),
        415,
        BAD,
    ),
    Attack("a byte order mark", http(b"\xef\xbb\xbf" + GOOD), 400, BAD),
    Attack("bytes that are no UTF-8", http(b'{"query": "{ viewer { role } } #\xff\xfe"}'), 400, BAD),
    Attack("an overlong encoding", http(b'{"query": "\xc0\xa2}"}'), 400, BAD),
    Attack("half of a surrogate pair", http(b'{"query": "{ viewer { role } } #\\ud800"}'), 400, BAD),
    Attack("a gzip bomb", http(gzip.compress(b" " * 50_000_000), Content_Encoding="gzip"), 415, BAD),
    Attack("a gzip bomb that does not say so", http(gzip.compress(b" " * 50_000_000)), 400, BAD),
    Attack("JSON of a hundred thousand levels", http(b"[" * 100_000 + b"]" * 100_000), 400, BAD),
    Attack("objects of fifty thousand levels", http(b'{"query":' + b'{"a":' * 50_000), 400, BAD),
    Attack(
        "a thousand levels in a variable",
        http(
            orjson.dumps({"query": REQUEST, "variables": {"input": {"variables": 0}}}).replace(
                b'"variables":0', b'"variables":' + b'{"a":' * 900 + b"0" + b"}" * 900
            )
        ),
        400,
        BAD,
        Role.SERVICE,
    ),
    Attack("a key given twice", http(b'{"query": "{ nothing }", "query": "{ viewer { role } }"}'), 200),
    Attack(
        "a number of forty digits",
        http(b'{"query": "%s", "variables": {"first": %s}}' % (PAGE.encode(), b"9" * 40)),
        400,
        BAD,
    ),
    Attack(
        "a number of five thousand digits", post("{ contacts(first: " + "9" * 5000 + ") { totalCount } }"), 400, BAD
    ),
    Attack("a number beyond all floats", post("{ contacts(first: 1e99999) { totalCount } }"), 400, BAD),
    Attack("NaN", http(b'{"query": "{ viewer { role } }", "variables": {"a": NaN}}'), 400, BAD),
    Attack(
        "the prototype of an object",
        http(b'{"query": "{ viewer { role } }", "__proto__": {"role": "ADMIN"}}'),
        200,
        says="CUSTOMER",
    ),
    Attack("a NUL in an id", post(NODE, {"id": "Q3VzdG9tZXI6\0"}), 200, BAD),
    Attack("a NUL in the query", post("{ viewer { role } }\0"), 400, BAD),
    Attack("a name written in escapes", post("{ v\\u0069ewer { role } }"), 400, BAD),
    Attack("a name of other letters", post("{ vіewer { role } }"), 400, BAD),
    Attack("an escape beyond unicode", post('{ node(id: "\\u{FFFFFFFF}") { id } }'), 400, BAD),
    Attack("an operation's name of a megabyte", post(ROLE, operationName="x" * 900_000), 400, BAD),
    Attack("a query that is an object", post({"$ne": ""}), 400, BAD),
    Attack("variables that are a text", post(ROLE, "{}"), 400, BAD),
    Attack("a document nobody registered", http(b'{"documentId": "sha256:' + b"0" * 64 + b'"}'), 400, "NOT_FOUND"),
    Attack(
        "a hash that is not the query's",
        post(ROLE, extensions={"persistedQuery": {"version": 1, "sha256Hash": "0" * 64}}),
        400,
        BAD,
    ),
]

STRANGE_REQUESTS = [
    Attack("no key", http(GOOD, Authorization=None), 401, UNKNOWN),
    Attack("a key that is none", http(GOOD, Authorization="Bearer " + "x" * 10_000), 401, UNKNOWN),
    Attack("two keys", http(GOOD, Authorization="Bearer {key}, Bearer {key}"), 401, UNKNOWN),
    Attack("plain text, which needs no preflight", http(GOOD, Content_Type="text/plain"), 415, BAD),
    Attack("a form", http(b"query=%7Bviewer%7Brole%7D%7D", Content_Type="application/x-www-form-urlencoded"), 415, BAD),
    Attack("an upload", http(GOOD, Content_Type="multipart/form-data; boundary=x"), 415, BAD),
    Attack("two content types", http(GOOD, Content_Type="text/plain, application/json"), 415, BAD),
    Attack("TRACE", http(method="TRACE"), 405, BAD),
    Attack("PUT", http(GOOD, method="PUT"), 405, BAD),
    Attack(
        "a preflight of a strange site",
        http(method="OPTIONS", Origin="https://evil.example", Access_Control_Request_Method="POST"),
        405,
        BAD,
    ),
    Attack("a method that is overridden", get("mutation { __typename }", X_HTTP_Method_Override="POST"), 405),
    Attack("a URL that is not UTF-8", http(method="GET", path="/graphql?query=%ff%fe"), 400, BAD),
    Attack(
        "a thousand parameters", http(method="GET", path="/graphql?" + "&".join("a=1" for _ in range(1000))), 400, BAD
    ),
    Attack(
        "a parameter given twice",
        http(method="GET", path=f"/graphql?query={quote(ROLE)}&query={quote(ROLE)}"),
        400,
        BAD,
    ),
    Attack("a URL of twenty thousand characters", get("#" + "x" * 20_000), 414),
    Attack("a header of twenty thousand characters", http(GOOD, X_Long="x" * 20_000), 431),
    Attack("two hundred headers", http(GOOD, **{f"X_{n}": "1" for n in range(200)}), 431),
    Attack("two lengths", http(GOOD).replace(b"Host:", b"Content-Length: 3\r\nHost:"), 400),
    Attack("a length beside chunks", http(GOOD, Transfer_Encoding="chunked"), 400),
    Attack(
        "chunks that are not the last coding",
        http(GOOD, Content_Length=None, Transfer_Encoding="chunked, identity"),
        400,
    ),
    Attack("a space before the colon", http(GOOD).replace(b"Content-Length:", b"Content-Length :"), 400),
    Attack("a folded header", http(GOOD).replace(b"Host: ", b"X: a\r\n b\r\nHost: "), 400),
    Attack(
        "a line that ends in CR only",
        http(GOOD).replace(b"Host: gateway.test\r\n", b"Host: gateway.test\rX: 1\r\n"),
        400,
    ),
    Attack("a NUL in a header", http(GOOD, X_Nul="a\0b"), 400),
    Attack("a request hidden in a chunk's size", chunked(b"").replace(b"0\r\n\r\n", b"0x10\r\n\r\n"), 400),
    Attack("no HTTP at all", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 hello\r\n\r\n", 400),
    Attack("a hundred requests ahead of their answers", http(GOOD) * 100, 400),
]

ATTACKS = [*TOO_MUCH_AT_ONCE, *LOOKING_AROUND, *STRANGE_BODIES, *STRANGE_REQUESTS]
