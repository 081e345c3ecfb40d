"""The largest tables are found by looking at a few tables each time."""

from ramekin.changes import Change, Defined, Dropped, Written
from ramekin.schema.definition import NOTHING_DEFINED
from ramekin.storage.catalog import Catalog
from ramekin.storage.largest import LARGEST, LOOKED_AT, Largest


class Counted(Catalog):
    """Counts how often a table is found."""

    def __init__(self, tables):
        super().__init__()
        for number in range(tables):
            self.store(Defined(f"t{number}", NOTHING_DEFINED))
        self.found = 0
        find = self.find

        def counting(name):
            self.found += 1
            return find(name)

        self.find = counting

    def write(self, name, size):
        self.store(Written([Change(name, "a", None, b"x" * size)]))


def names(tables):
    return [table.name for table in tables]


def test_few_tables_are_found_at_once_the_largest_first():
    catalog = Counted(3)
    catalog.write("t1", 100)
    catalog.write("t2", 200)
    assert names(Largest().look(catalog)) == ["t2", "t1", "t0"]


def test_no_table_is_none_too_many():
    assert Largest().look(Counted(0)) == []


def test_a_look_costs_the_same_however_many_tables_there_are():
    catalog, largest = Counted(LOOKED_AT * 5 + 1), Largest()
    for _ in range(7):
        catalog.found = 0
        assert len(largest.look(catalog)) == LARGEST
        assert catalog.found <= LOOKED_AT + LARGEST


def test_a_table_that_grew_is_found_after_as_many_looks_as_it_takes_to_go_round():
    catalog, largest = Counted(LOOKED_AT * 3), Largest()
    for _ in range(3):
        largest.look(catalog)
    catalog.write("t5", 10)
    catalog.write(f"t{LOOKED_AT * 3 - 1}", 20)
    for _ in range(3):
        found = names(largest.look(catalog))
    assert found[:2] == [f"t{LOOKED_AT * 3 - 1}", "t5"]


def test_a_table_that_was_dropped_is_not_told_and_not_kept():
    catalog, largest = Counted(3), Largest()
    catalog.write("t1", 100)
    largest.look(catalog)
    catalog.store(Dropped("t1"))
    assert names(largest.look(catalog)) == ["t0", "t2"]
