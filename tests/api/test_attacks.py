"""Known attacks get the answer they should, from the real server, and the next caller is served."""

from collections import Counter

import pytest

from gateway.model import Role
from tests.api.attacks import ATTACKS, GOOD, Attack, attempt, http
from tests.api.client import Api
from tests.api.serving import serving

HONEST = Attack("nothing", http(GOOD), 200)


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
async def test_the_attack_is_answered_as_it_should_be_and_the_next_caller_is_served(api: Api, attack: Attack) -> None:
    customer = await api.world.customer()
    key = await api.key(attack.role, customer if attack.role is Role.CUSTOMER else None)
    async with serving(api.world.gateway) as port:
        heard = await attempt(port, attack, key)
        after = await attempt(port, HONEST, key)

    assert (heard.status, heard.codes()) == (attack.status, {attack.code} if attack.code else heard.codes())
    assert attack.code or heard.status != 200 or not heard.codes()
    assert attack.says in heard.body.decode()
    assert not attack.never_says or attack.never_says not in heard.body.decode()
    assert after.status == 200


def test_there_are_fifty_attacks_and_each_has_its_own_name() -> None:
    assert len(ATTACKS) >= 50
    assert max(Counter(attack.name for attack in ATTACKS).values()) == 1
