"""What a role and the names of tables let somebody do."""

import pytest

from ramekin.access.roles import EVERYBODY, NOTHING, ROLES, Grant
from ramekin.errors import Forbidden, UnknownTable

SOME = Grant("app", "write", ("users", "order*"))


@pytest.mark.parametrize("has", ROLES)
@pytest.mark.parametrize("needed", ROLES)
def test_a_role_may_do_what_those_before_it_may(has, needed):
    grant = Grant("app", has)
    if "read write admin".index(needed) <= "read write admin".index(has):
        grant.check(needed, ["users"])
        grant.check(needed, None)
    else:
        with pytest.raises(Forbidden, match=f"'{needed}'.*'app'.*'{has}'"):
            grant.check(needed, ["users"])


@pytest.mark.parametrize("table", ["users", "order", "orders", "order-items", "order_"])
def test_a_name_reaches_one_table_and_a_prefix_all_that_begin_like_it(table):
    assert SOME.reaches(table)
    SOME.check("write", [table, "users"])


@pytest.mark.parametrize("table", ["user", "users2", "Users", "xorders", "orde", "order*"[:4], "", "*", "secret"])
def test_no_other_table_is_reached(table):
    assert not SOME.reaches(table)
    with pytest.raises(Forbidden, match="does not reach"):
        SOME.check("read", ["users", table])


def test_what_concerns_every_table_takes_a_key_without_tables():
    with pytest.raises(Forbidden, match="all tables"):
        SOME.check("read", None)
    EVERYBODY.check("admin", None)
    with pytest.raises(Forbidden):
        NOTHING.check("read", ["users"])


def test_who_reaches_some_tables_is_told_no_name_of_another():
    error = UnknownTable("There is no table 'ordes'.", hint="Did you mean 'secrets'?")
    for each in (error, error.placed(), error.within("operations", 1), error.of("query", "table")):
        veiled = SOME.veil(each)
        assert veiled.message == "There is no table 'ordes'."
        assert [fault.detail for fault in veiled.faults] == [veiled.message] * len(each.faults)
    assert EVERYBODY.veil(error) is error
