"""What must always be true (DESIGN.md), whatever is done in whatever order.

    machine.py   does things to a real gateway: a hypothesis state machine, with a clock that is moved by hand
    judge.py     reads every table after each step, and says what is not as it must be; shares no code with the gateway
    packs.py     two jurisdictions under which caps, hours and consent all bite

A short run is part of the tests. A long one, on either database:

    python -m tests.gateway.invariants --examples 2000 --steps 60 [--database postgresql] [--seed 7]
"""
