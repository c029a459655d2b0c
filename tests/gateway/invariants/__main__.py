"""A long run: `python -m tests.gateway.invariants --examples 2000 --steps 60`."""

import argparse
import logging
import sys
import time
import traceback

import structlog
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests import databases
from tests.gateway.invariants.machine import GatewayMachine


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.gateway.invariants", description=__doc__)
    parser.add_argument("--examples", type=int, default=2000)
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--seed", type=int, help="the same sequences again; without it new ones")
    parser.add_argument(
        "--first", action="store_true", help="show the first failure as it is, and look for no shorter one"
    )
    given = parser.parse_args()
    databases.kind = given.database
    # The gateway warns of what the machine does to it on purpose.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    chosen = settings(
        max_examples=given.examples,
        stateful_step_count=given.steps,
        deadline=None,
        database=None,
        # Explaining traces every line, and takes ten times as long.
        phases=[Phase.generate] if given.first else [Phase.generate, Phase.shrink],
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
    made = Counted.made
    began = time.perf_counter()
    try:
        run_state_machine_as_test(seed(given.seed)(Counted) if given.seed is not None else Counted, settings=chosen)
    except Exception:
        traceback.print_exc(limit=0)
        return 1
    finally:
        sys.stderr.write(f"{Counted.made - made} sequences in {time.perf_counter() - began:.0f} s\n")
    return 0


class Counted(GatewayMachine):
    """Knows how many sequences were played."""

    made = 0

    def __init__(self) -> None:
        type(self).made += 1
        super().__init__()


if __name__ == "__main__":
    sys.exit(main())
