"""What an error is told with, and how its sentences are put together."""

import re

from ramekin import errors
from ramekin.errors import (
    Fault,
    InvalidRecord,
    NotUnique,
    OutcomeUnknown,
    Redefined,
    Starting,
    Unavailable,
    UnknownField,
)


def test_a_message_has_what_was_wrong_then_where_then_what_may_be_meant():
    faults = [Fault("/a", "It is no number.", 3, 7), Fault("/b", "Neither.", 9)]
    assert InvalidRecord("It is wrong.", hint="Is it?", faults=faults).message == (
        "It is wrong (line 3, column 7). Is it?"
    )
    assert InvalidRecord("It is wrong.", faults=faults[1:]).message == "It is wrong (line 9)."
    assert str(InvalidRecord("It is wrong.")) == "It is wrong."


def test_an_error_of_a_larger_text_keeps_all_that_it_is_told_with():
    unique = NotUnique("It is taken.", place=("users", "1"), index=2).within("users", 4, line=5)
    assert (unique.place, unique.index) == (("users", "1"), 2)
    assert unique.faults == (Fault("/users/4", "It is taken.", 5),)
    unknown = UnknownField("There is none.", path=("a", "b"), hint="Did you mean 'c'?").within(3)
    assert (unknown.path, unknown.hint, unknown.index) == (("a", "b"), "Did you mean 'c'?", None)
    assert unknown.but(hint="").message == "There is none."


def test_a_line_that_is_known_already_is_kept_because_it_is_nearer():
    error = InvalidRecord("No.", faults=[Fault("/a", "No.", 2), Fault("/b", "No.")]).within("t", line=9)
    assert [fault.line for fault in error.faults] == [2, 9]
    assert [fault.line for fault in error.on_lines({error.faults[1]: 4}).faults] == [2, 4]


def test_what_may_befall_nodes_is_not_told_as_a_matter_of_disks_alone():
    assert [error for error in (Starting, OutcomeUnknown) if "nodes" not in (error.__doc__ or "")] == []


def test_the_tree_of_errors_names_every_one_and_each_can_be_imported_from_the_package():
    names = {error.__name__ for error in errors.all_errors()}
    assert names - set(re.findall(r"\w+", errors.__doc__)) == set()
    assert names - set(dir(errors)) == set()


def test_an_error_without_a_title_of_its_own_is_told_as_the_one_above_it():
    assert (Redefined.code, Redefined.title) == (Unavailable.code, Unavailable.title)
    assert Redefined not in errors.all_errors()
