"""Executing one operation: within its limits, in its time, with what it shows on record before it is shown."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

from graphql import ExecutionResult, GraphQLError
from graphql.execution import Executor, create_source_event_stream

from gateway import views
from gateway.api.context import Context
from gateway.api.documents import MOST_ERRORS, Documents, Operation, Rejected
from gateway.api.errors import ApiError, Code, internal, presented, rejected
from gateway.api.schema import CORE
from gateway.core import Gateway
from gateway.model import Caller

TIME_LIMIT_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Request:
    """What a caller sent, whatever brought it."""

    query: str
    operation_name: str | None = None
    variables: dict[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """A GraphQL response. `status` is what HTTP calls it where the client understands more than 200."""

    body: dict[str, Any] = field(repr=False)
    status: int = 200


class Engine:
    """Executes operations for callers that are known."""

    def __init__(self, gateway: Gateway, time_limit: float = TIME_LIMIT_SECONDS) -> None:
        self._gateway = gateway
        self._time_limit = time_limit
        self._documents = Documents(CORE)

    def operation(self, request: Request) -> Operation:
        """What the request asks to execute. Raises `Rejected`."""
        return self._documents.operation(request.query, request.operation_name, request.variables)

    async def execute(self, operation: Operation, request: Request, caller: Caller, language: str) -> Answer:
        """A query or a mutation. Raises `Rejected` if nothing could begin."""
        context = Context(self._gateway, caller, language)
        return await self._run(_executor(operation, request, context), context)

    async def follow(
        self, operation: Operation, request: Request, caller: Caller, language: str
    ) -> AsyncGenerator[Answer, None]:
        """A subscription: an answer for each event, each read anew. Raises `Rejected` if it cannot begin."""
        context = Context(self._gateway, caller, language)
        executor = _executor(operation, request, context)
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
                    await context.snapshot.close()
                context = Context(self._gateway, caller, language)
                for_event = executor.build_per_event_executor(event)
                for_event.context_value = context
                yield await self._run(for_event, context)

    async def _run(self, executor: Executor[None], context: Context) -> Answer:
        try:
            async with asyncio.timeout(self._time_limit):
                result = executor.execute_operation()
                if isinstance(result, Awaitable):
                    result = await result
                assert isinstance(result, ExecutionResult)
                await context.snapshot.close()
                if context.views:
                    await views.record(context.gateway, context.caller, context.views)
        except TimeoutError:
            message = f"This took longer than {self._time_limit:g} seconds."
            return Answer({"errors": [presented(ApiError(Code.TIMEOUT, message))]}, 504)
        except Exception as error:
            return Answer({"errors": [internal(error)]}, 500)
        finally:
            await context.snapshot.close()
        body: dict[str, Any] = {"data": result.data}
        if result.errors:
            body["errors"] = [presented(error) for error in result.errors]
        return Answer(body)


def rejection(problem: Rejected) -> Answer:
    """The answer to what could not begin."""
    return Answer({"errors": [rejected(error) for error in problem.errors]}, 400)


def _executor(operation: Operation, request: Request, context: Context) -> Executor[None]:
    executor = Executor[None].build(
        CORE,
        operation.document,
        context_value=context,
        raw_variable_values=request.variables,
        operation_name=operation.name,
        max_coercion_errors=MOST_ERRORS,
    )
    if isinstance(executor, list):
        raise Rejected(executor)
    return executor
