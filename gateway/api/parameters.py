"""What a request consists of, whatever brought it: the parameters of GraphQL over HTTP, in a body or a message."""

from typing import Any

from gateway.api.documents import Rejected
from gateway.api.errors import ApiError
from gateway.api.execution import Request
from gateway.api.limits import check_values
from gateway.trusted import sha256


class Unreadable(ValueError):
    """These are not the parameters of a request."""


def request_of(parameters: dict[str, Any], length: int) -> Request:
    """`length`: of what they were read from. Raises `Unreadable`, or `Rejected` for variables that hold too much."""
    extensions = parameters.get("extensions")
    if not isinstance(extensions, dict | None):
        raise Unreadable("extensions: must be an object.")
    query, document_id = _document(parameters, extensions or {})
    name = parameters.get("operationName")
    if not isinstance(name, str | None):
        raise Unreadable("operationName: must be a string.")
    variables = parameters.get("variables")
    if not isinstance(variables, dict | None):
        raise Unreadable("variables: must be an object.")
    try:
        check_values(variables or {}, length)
    except ApiError as exceeded:
        raise Rejected([exceeded]) from None
    return Request(query, name or None, variables or {}, document_id)


def _document(parameters: dict[str, Any], extensions: dict[str, Any]) -> tuple[str | None, str | None]:
    """The text, or the id of a text that is registered."""
    query, document_id = parameters.get("query"), parameters.get("documentId")
    if document_id is not None:
        if not isinstance(document_id, str) or not document_id:
            raise Unreadable("documentId: must be a string.")
        if query is not None:
            raise Unreadable("documentId: either this or query, not both.")
        return None, document_id
    if query is not None and (not isinstance(query, str) or not query.strip()):
        raise Unreadable("query: must be a string with a GraphQL document.")
    # Apollo's clients say it this way, and say the text too where they hope that it will be remembered.
    match extensions.get("persistedQuery"):
        case None:
            pass
        case {"version": 1, "sha256Hash": str(said)}:
            if query is None:
                return None, f"sha256:{said}"
            if sha256(query) != said:
                raise Unreadable("extensions.persistedQuery.sha256Hash: is not the SHA-256 of the query.")
        case _:
            raise Unreadable("extensions.persistedQuery: must have version 1 and a sha256Hash.")
    if query is None:
        raise Unreadable("query: must be a string with a GraphQL document.")
    return query, None
