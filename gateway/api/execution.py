"""Executing one operation: within its limits, in its time, with what it shows on record before it is shown."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

from graphql import ExecutionResult, GraphQLError
from graphql.execution import Executor, create_source_event_stream

from gateway import trusted, views
from gateway.api.admission import Admission, RateLimited
from gateway.api.context import Context
from gateway.api.documents import MOST_ERRORS, Documents, Operation, Rejected
from gateway.api.errors import ApiError, Code, internal, presented, rejected, status_of
from gateway.api.introspection import DEVELOPERS, veiled
from gateway.api.schema import CORE
from gateway.core import Gateway
from gateway.model import Caller
from gateway.trusted import BadDocuments

TIME_LIMIT_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Request:
    """What a caller sent, whatever brought it: a text, or the id of one that is registered."""

    query: str | None
    operation_name: str | None = None
    variables: dict[str, Any] = field(default_factory=dict, repr=False)
    document_id: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """A GraphQL response. `status` is what HTTP calls it where the client understands more than 200."""

    body: dict[str, Any] = field(repr=False)
    status: int = 200
    retry_after: int | None = None


class Engine:
    """Executes operations for callers that are known. Raises `BadDocuments` if it cannot trust the registered ones."""

    def __init__(self, gateway: Gateway, time_limit: float = TIME_LIMIT_SECONDS) -> None:
        self._gateway = gateway
        self.admission = Admission(gateway)
        self._time_limit = time_limit
        self._for_developers = Documents(CORE)
        self._for_others = Documents(veiled(CORE), hide_suggestions=True)
        settings = gateway.settings
        self._trusted = trusted.load(settings.trusted_documents)
        self._bound = frozenset(settings.trusted_document_roles if settings.trusted_documents else ())
        for id_, text in self._trusted:
            try:
                self._for_others.operations(text)
            except Rejected as problem:
                raise BadDocuments(f"{id_}: {rejected(problem.errors[0])['message']}") from None

    def operation(self, request: Request, caller: Caller) -> Operation:
        """What the request asks to execute. Raises `Rejected`."""
        documents = self._for_developers if self._is_developer(caller) else self._for_others
        return documents.operation(self._text(request, caller), request.operation_name)

    def _is_developer(self, caller: Caller) -> bool:
        return caller.role in DEVELOPERS or self._gateway.settings.sandbox

    def _text(self, request: Request, caller: Caller) -> str:
        if request.document_id is not None:
            text = self._trusted.text(request.document_id)
            if text is None:
                raise Rejected([ApiError(Code.NOT_FOUND, "documentId: no document of this id is registered here")])
            return text
        assert request.query is not None
        if caller.role in self._bound and not self._trusted.holds(request.query):
            message = f"{caller.role} keys may only execute operations that are registered here."
            raise Rejected([ApiError(Code.FORBIDDEN, message)])
        return request.query

    def _spend(self, operation: Operation, request: Request, caller: Caller) -> dict[str, int]:
        points = self._for_developers.points(operation, request.variables, self.admission.most(caller.role))
        try:
            return self.admission.spend(caller, points)
        except RateLimited as limited:
            raise Rejected([limited]) from None

    async def execute(self, operation: Operation, request: Request, caller: Caller, language: str) -> Answer:
        """A query or a mutation. Raises `Rejected` if nothing could begin."""
        spent = self._spend(operation, request, caller)
        context = Context(self._gateway, caller, language)
        return await self._run(self._executor(operation, request, context), context, spent)

    async def follow(
        self, operation: Operation, request: Request, caller: Caller, language: str
    ) -> AsyncGenerator[Answer, None]:
        """A subscription: an answer for each event, each read and paid for anew. Raises `Rejected` if it ends."""
        self._spend(operation, request, caller)
        context = Context(self._gateway, caller, language)
        executor = self._executor(operation, request, context)
        events = create_source_event_stream(executor)
        if isinstance(events, Awaitable):
            events = await events
        if isinstance(events, ExecutionResult):
            raise Rejected(events.errors or [])
        assert isinstance(events, AsyncGenerator)
        async with aclosing(events):
            while True:
                try:
                    event = await anext(events)
                except StopAsyncIteration:
                    return
                except GraphQLError as refused:
                    raise Rejected([refused]) from None
                finally:
                    await context.snapshot.end()
                spent = self._spend(operation, request, caller)
                context = Context(self._gateway, caller, language)
                for_event = executor.build_per_event_executor(event)
                for_event.context_value = context
                yield await self._run(for_event, context, spent)

    def _executor(self, operation: Operation, request: Request, context: Context) -> Executor[None]:
        executor = Executor[None].build(
            CORE,
            operation.document,
            context_value=context,
            raw_variable_values=request.variables,
            operation_name=operation.name,
            max_coercion_errors=MOST_ERRORS,
            hide_suggestions=not self._is_developer(context.caller),
        )
        if isinstance(executor, list):
            raise Rejected(executor)
        return executor

    async def _run(self, executor: Executor[None], context: Context, spent: dict[str, int]) -> Answer:
        paid = {"cost": spent}
        try:
            async with asyncio.timeout(self._time_limit):
                result = executor.execute_operation()
                if isinstance(result, Awaitable):
                    result = await result
                assert isinstance(result, ExecutionResult)
                await context.snapshot.end()
                if context.views:
                    await views.record(context.gateway, context.caller, context.views)
        except TimeoutError:
            message = f"This took longer than {self._time_limit:g} seconds."
            return Answer({"errors": [presented(ApiError(Code.TIMEOUT, message))], "extensions": paid}, 504)
        except Exception as error:
            return Answer({"errors": [internal(error)], "extensions": paid}, status_of(error))
        finally:
            await context.snapshot.end()
        body: dict[str, Any] = {"data": result.data}
        if result.errors:
            body["errors"] = [presented(error) for error in result.errors]
        body["extensions"] = paid
        return Answer(body)


def rejection(problem: Rejected) -> Answer:
    """The answer to what could not begin."""
    body = {"errors": [rejected(error) for error in problem.errors]}
    match problem.errors:
        case [RateLimited(retry_after=seconds)]:
            return Answer(body, 429, seconds)
        case _:
            return Answer(body, 400)
