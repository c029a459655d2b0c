"""`gateway serve` under the profiler, from SIGUSR1 on: for the table at the end of the benchmark."""

import cProfile
import signal
import sys

import uvloop

from gateway import logs
from gateway.server import serve
from gateway.settings import Settings


def main(output: str) -> None:
    settings = Settings()
    logs.set_up(settings.log_level)
    profile = cProfile.Profile()
    signal.signal(signal.SIGUSR1, lambda *_: profile.enable())
    try:
        uvloop.run(serve(settings))
    finally:
        profile.disable()
        profile.dump_stats(output)


if __name__ == "__main__":
    main(sys.argv[1])
