"""Who is who: the groups of an author, by the accounts that people have on the platforms."""

from datetime import UTC, datetime

import pytest

from bot.membership import Membership, Together
from connectors.directory.memory import MemoryDirectory
from connectors.directory.port import Duty, Person

NOW = datetime(2026, 1, 7, tzinfo=UTC)
ANN = Person("ann", "Ann", "payments", "en", ("lead",), ("slack:U1", "feishu:ou_1"))
BO = Person("bo", "Bo", "", "zh", ("data",))
IN_SLACK = MemoryDirectory(
    (
        Person("slack:U1", "Ann", "", "en", ("sre", "lead"), ("slack:U1",)),
        Person("slack:U9", "Bo", "", "en", ("admins",), ("slack:U9",)),
    )
)
IN_FEISHU = MemoryDirectory((Person("feishu:ou_1", "安", "Ops", "zh", ("Eng",), ("feishu:ou_1", "feishu:user/7")),))
ROTA = MemoryDirectory((ANN, BO), {"payments": Duty("payments", ANN, BO, datetime(2027, 1, 1, tzinfo=UTC), ())})


@pytest.mark.parametrize(
    ("author", "groups"),
    [
        pytest.param("ann", ("lead", "sre", "Eng", "Ops", "payments"), id="by-the-id-in-the-file"),
        pytest.param("slack:U1", ("lead", "sre", "Eng", "Ops", "payments"), id="by-an-account"),
        pytest.param("feishu:user/7", ("lead", "sre", "Eng", "Ops", "payments"), id="by-an-account-another-one-added"),
        pytest.param("slack:U9", ("admins",), id="who-is-only-in-slack"),
        pytest.param("bo", ("data",), id="the-same-name-is-not-the-same-person"),
        pytest.param("slack:T2/U1", (), id="another-workspace"),
        pytest.param("feishu:tenant2/ou_1", (), id="another-company"),
        pytest.param("U1", (), id="without-its-platform"),
        pytest.param("guest", (), id="unknown"),
    ],
)
async def test_groups_of_several_directories_add_up_for_who_shares_an_account(
    author: str, groups: tuple[str, ...]
) -> None:
    membership = Membership(Together((ROTA, IN_SLACK, IN_FEISHU)))

    assert await membership.groups(author) == groups


async def test_accounts_that_the_file_gives_to_two_people_give_neither_the_others_groups() -> None:
    both = Person("slack:U1", "Eve", "", "en", ("admins",), ("slack:U1", "slack:U2"))
    file = MemoryDirectory((ANN, Person("eve", "Eve", "", "en", (), ("slack:U2",))))
    membership = Membership(Together((file, MemoryDirectory((both,)))))

    assert await membership.groups("slack:U1") == ("lead", "payments")
    assert await membership.groups("slack:U2") == ()


async def test_on_call_is_what_the_first_says_that_knows() -> None:
    duty = await Together((IN_SLACK, ROTA)).on_call("payments", NOW)

    assert duty is not None
    assert duty.primary == ANN
    assert await Together((IN_SLACK, ROTA)).on_call("gardening", NOW) is None
