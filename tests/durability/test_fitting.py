"""What a repair saves fits what is defined of it, and no step is saved in part."""

import re

import pytest

from ramekin.changes import Change, Written
from ramekin.durability import repair
from ramekin.durability.contents import TableContents
from ramekin.durability.fitting import fit
from ramekin.durability.store import Store
from ramekin.schema.definition import SEVERAL, Definition

AGED = {"type": "object", "properties": {"age": {"type": "integer"}}}
HELD = {"1": b'{"id":1,"age":1}', "2": b'{"id":2,"age":"x"}', "3": b'{"id":3,"age":1}'}


@pytest.mark.parametrize(
    ("defined", "kept", "named"),
    [
        (Definition(AGED, unique=("name",)), Definition(unique=("name",)), "do not satisfy it: 2"),
        (Definition(unique=("age", "id")), Definition(unique=("id",)), "'age' is unique no more; these .*: 1, 3"),
        (Definition(AGED, model="of a class"), Definition(AGED, model=SEVERAL), None),
        (Definition({"required": ["id"]}, unique=("id",)), Definition({"required": ["id"]}, unique=("id",)), None),
    ],
)
def test_what_records_break_is_taken_off_and_told_with_their_ids(defined, kept, named):
    contents = {"t": TableContents(defined, dict(HELD))}
    lines = fit(contents)
    assert contents == {"t": TableContents(kept, HELD)}
    assert len(lines) == (named is not None)
    assert all(re.search(f"table 't': .*{named}$", line) for line in lines)


@pytest.mark.parametrize("place", [b'put\tt\t"a"', b'+put\tt\t"b"', b"\n", b'put\tt\t"c"'])
def test_of_a_step_that_lacks_a_line_none_is_saved(tmp_path, place):
    store = Store(tmp_path / "data", "always")
    store.lock()
    file, _ = store.read()
    changes = [Change("t", key, None, b'{"id":"%s"}' % key.encode()) for key in "abc"]
    file.commit([Written([Change("t", "before", None, b'{"id":"before"}')])])
    file.commit([Written(changes)])
    file.commit([Written([Change("t", "after", None, b'{"id":"after"}')])])
    file.sync()
    file.close()
    store.release()
    log = tmp_path / "data" / "tables.log"
    content = bytearray(log.read_bytes())
    content[content.index(place, content.index(b"+put"))] ^= 64
    log.write_bytes(content)
    contents, lost = repair.what_is_right(tmp_path / "data")
    assert list(contents["t"].bodies) == ["before", "after"]
    assert lost
    assert all(line.endswith("is left out with all of its step") for line in lost)
