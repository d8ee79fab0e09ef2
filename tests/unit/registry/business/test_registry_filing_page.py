import pytest

from registry.http.filing_page import who


@pytest.mark.parametrize(
    ("actor", "said"),
    [
        ("account:wang", "wang"),
        ("operator:root", "节点管理员 Operator of the node"),
        ("sandbox", "模拟国家节点 Stand-in of the national node"),
        ("key:one", "key:one"),
    ],
)
def test_who_acted_is_told_without_users_of_the_machine(actor, said):
    assert who(actor) == said
