"""Real gateway processes on this machine: started, asked over HTTP, stopped, or killed."""

import contextlib
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests import databases

_COMMAND = [str(Path(sys.executable).with_name("gateway"))]


#: Below those that the system hands to whoever connects, and each process of a test run has its own.
_PORTS = range(10_000, 32_000)[int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:]) % 8 :: 8]


def free_port() -> int:
    """A port that a server may have in a moment, when it has started."""
    while True:
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", random.choice(_PORTS)))  # noqa: S311 - no secret
            port: int = probe.getsockname()[1]
            return port


def environment(folder: Path, **settings: object) -> dict[str, str]:
    """A process's environment: ours without any GATEWAY_ setting, and these."""
    bare = {name: value for name, value in os.environ.items() if not name.startswith("GATEWAY_")}
    chosen = {
        "DATABASE_URL": databases.url(folder),
        "MASTER_KEY": databases.MASTER_KEY,
        "STATE_FOLDER": folder,
        **settings,
    }
    return bare | {f"GATEWAY_{name.upper()}": str(value) for name, value in chosen.items()}


def run(arguments: list[str], env: dict[str, str]) -> str:
    """What a command of the gateway prints on standard output."""
    return said_and_logged(arguments, env)[0]


def said_and_logged(arguments: list[str], env: dict[str, str]) -> tuple[str, str]:
    """What it prints, and what it logs."""
    done = _ended(arguments, env)
    done.check_returncode()
    return done.stdout.strip(), done.stderr


def fails(arguments: list[str], env: dict[str, str], status: int = 1) -> str:
    """All that a command says which ends with this status."""
    done = _ended(arguments, env)
    assert done.returncode == status, done.stderr
    return (done.stdout + done.stderr).strip()


def _ended(arguments: list[str], env: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([*_COMMAND, *arguments], env=env, check=False, capture_output=True, text=True, timeout=60)


@dataclass
class Server:
    """A `gateway serve` process."""

    url: str
    process: subprocess.Popen[bytes]

    def kill(self) -> None:
        """As a power cut would: nothing is finished, nothing is flushed."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)

    def stop(self) -> int:
        """As an operator would. The exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(20)

    def wait_until_up(self) -> None:
        for _ in range(300):
            if self.process.poll() is not None:
                raise RuntimeError(f"the gateway ended with {self.process.returncode} before it was up")
            try:
                if httpx.get(f"{self.url}/health").is_success:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.1)
        raise RuntimeError("the gateway did not come up")


@contextmanager
def server(env: dict[str, str], log: Path) -> Iterator[Server]:
    """A gateway on a free port; whatever happens, it does not outlive the block."""
    port = free_port()
    with log.open("ab") as output:
        process = subprocess.Popen(
            [*_COMMAND, "serve"], env=env | {"GATEWAY_PORT": str(port)}, stdout=output, stderr=output
        )
    one = Server(f"http://127.0.0.1:{port}", process)
    try:
        one.wait_until_up()
        yield one
    finally:
        if process.poll() is None:
            one.stop()


async def ask(client: httpx.AsyncClient, query: str, **variables: Any) -> dict[str, Any]:
    """The data of a GraphQL answer that must have no errors."""
    response = await client.post("/graphql", json={"query": query, "variables": variables})
    answer = response.json()
    assert "errors" not in answer, answer["errors"]
    data: dict[str, Any] = answer["data"]
    return data
