"""A short run of the machine: see the package's docstring for a long one."""

from hypothesis import HealthCheck, Phase, settings

from tests.gateway.invariants.machine import GatewayMachine

TestInvariants = GatewayMachine.TestCase
TestInvariants.settings = settings(
    max_examples=30,
    stateful_step_count=30,
    deadline=None,
    database=None,
    derandomize=True,
    phases=[Phase.generate, Phase.shrink],
    report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),
)
