"""Which models become tables, as modules are named on the command line; and what is said where that is not possible."""

import itertools
import sys

import pytest

from ramekin.cli.modules import NoModels, read_models
from tests.cli.test_commands import refused, run

HEAD = """
from __future__ import annotations
from typing import Any, Generic, TypeVar
from pydantic import BaseModel, RootModel
T = TypeVar("T")
"""
NUMBERS = itertools.count()


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Write a module into the folder where the command is run, under a name that no other test has; return the name."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", ["", *sys.path])
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    before = set(sys.modules)

    def put(text, name=None, head=HEAD):
        name = name or f"made{next(NUMBERS)}"
        path = tmp_path / f"{name.replace('.', '/')}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(head + text)
        return name

    yield put
    for name in set(sys.modules) - before:
        del sys.modules[name]


def tables(modules):
    return {table: model.__name__ for table, model in read_models(modules).items()}


def test_every_model_that_is_defined_and_no_part_and_no_base_is_a_table(write):
    module = write("""
class Address(BaseModel):
    city: str
class Person(BaseModel):
    name: str
class Customer(Person):
    address: Address
class Tree(BaseModel):
    children: list[Tree] = []
class Empty(BaseModel):
    pass
class Open(BaseModel, extra="allow"):
    pass
class Rows(RootModel[list[int]]):
    pass
class Left(BaseModel):
    __table__ = None
    missing: Nowhere
class Folk(BaseModel):
    __table__ = "people"
    name: str
Again = Customer
not_a_model = 5
""")
    assert tables(module) == {"customers": "Customer", "trees": "Tree", "opens": "Open", "people": "Folk"}


def test_open_generics_are_left_out_and_closed_ones_are_called_as_the_module_calls_them(write):
    module = write("""
class Page(BaseModel, Generic[T]):
    items: list[T]
class Envelope(BaseModel, Generic[T]):
    payload: T
class User(BaseModel):
    name: str
class Address(BaseModel):
    city: str
UserPage = Page[User]
class Event(Envelope[Address]):
    kind: str
""")
    assert tables(module) == {"user_pages": "Page[User]", "events": "Event"}


def test_a_generic_that_is_only_spoken_of_takes_nothing_away(write):
    module = write("""
class Page(BaseModel, Generic[T]):
    items: list[T]
class User(BaseModel):
    name: str
def list_users() -> Any:
    return Page[User]
list_users()
""")
    assert tables(module) == {"users": "User"}


def test_what_a_root_model_holds_is_a_part(write):
    module = write("""
class Row(BaseModel):
    n: int
class Rows(RootModel[list[Row]]):
    pass
class Sheet(BaseModel):
    title: str
""")
    assert tables(module) == {"sheets": "Sheet"}


def test_imported_models_are_left_out_unless_they_are_named(write):
    base = write("class User(BaseModel):\n    name: str\nclass Thing(BaseModel):\n    name: str\n")
    module = write(f"from {base} import User, Thing\nclass Order(BaseModel):\n    n: int\n")
    assert tables(module) == {"orders": "Order"}
    assert tables(f"{module}:User,Order") == {"users": "User", "orders": "Order"}
    only = write(f"from {base} import *\n")
    with pytest.raises(NoModels, match=f"defines no Pydantic model; name those that it imports: {only}:User,Thing"):
        tables(only)


def test_named_models_always_become_tables(write):
    module = write("""
class Part(BaseModel):
    n: int
class Base(BaseModel):
    n: int
class Whole(Base):
    part: Part
class Left(BaseModel):
    __table__ = None
    n: int
class Other(BaseModel):
    __table__ = "others_too"
    n: int
""")
    assert tables(f"{module}:Part") == {"parts": "Part"}
    assert tables(f"{module}:Base,Left,Other") == {"bases": "Base", "lefts": "Left", "others_too": "Other"}
    assert tables(f"{module} {module}:Part,Base") == {
        "parts": "Part",
        "bases": "Base",
        "wholes": "Whole",
        "others_too": "Other",
    }


def test_several_modules_are_one_set_of_models(write):
    one = write("class Address(BaseModel):\n    city: str\nclass User(BaseModel):\n    name: str\n")
    other = write(
        f"from {one} import Address, User\nclass Shop(BaseModel):\n    address: Address\nclass Admin(User):\n    level: int\n"
    )
    expected = {"shops": "Shop", "admins": "Admin"}
    assert tables(f"{one} {other}") == tables(f"{other},{one}") == expected
    assert tables(f"{other} {one}:User") == expected | {"users": "User"}


def test_two_classes_of_one_name_are_told_apart_by_their_modules(write):
    one = write("class User(BaseModel):\n    name: str\n")
    other = write("class User(BaseModel):\n    mail: str\n")
    with pytest.raises(NoModels, match=rf"{one}\.User and {other}\.User both name the table 'users'"):
        tables(f"{one} {other}")


def test_a_module_in_a_package_is_named_with_dots(write):
    write("", "shelf.__init__")
    module = write("class Book(BaseModel):\n    title: str\n", "shelf.models")
    assert tables(module) == {"books": "Book"}
    assert tables(f"{module}:Book") == {"books": "Book"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "class A(BaseModel):\n    n: int\nclass As(BaseModel):\n    __table__ = 'as'\n    n: int\n",
            [".A and made", ".As both name the table 'as'", "__table__"],
        ),
        (
            "class A(BaseModel):\n    __table__ = 'my table'\n    n: int\n",
            ["A would be the table 'my table'", "__table__"],
        ),
        ("class A(BaseModel):\n    __table__ = 5\n    n: int\n", ["A would be the table 5", "__table__"]),
        ("class Événement(BaseModel):\n    n: int\n", ["'événements'", "__table__"]),
        ("x = 5\n", ["defines no Pydantic model"]),
        ("class A(BaseModel):\n    n: Nowhere\n", ["A.n", "'Nowhere' is not defined"]),
        (
            "class A(BaseModel):\n    n: B\nclass B:\n    pass\n",
            ["A.n: it cannot be built", "PydanticSchemaGenerationError"],
        ),
        ("class A(BaseModel):\n    n: B[5]\nB = 5\n", ["A.n: it cannot be built", "TypeError"]),
        ("class A(BaseModel):\n    b: B\nclass B(BaseModel):\n    a: A\n", ["every model", "name some"]),
        ("import nowhere_at_all\n", ["imports 'nowhere_at_all'", ".py:6", "installed"]),
        ("from os import nowhere\n", ["failed at made", ".py:6", "ImportError", "nowhere"]),
        ("\n1 / 0\n", [".py:7", "ZeroDivisionError"]),
        ("class A(\n", ["SyntaxError", "line 6"]),
        ("raise SystemExit('done')\n", ["SystemExit", "done"]),
        ("class A(BaseModel):\n    thing: memoryview\n", [".py:6", "memoryview"]),
        ("raise ValueError('one\\ntwo')\n", ["ValueError: one two"]),
    ],
)
def test_what_cannot_be_is_one_line(write, text, words):
    with pytest.raises(NoModels) as error:
        tables(write(text))
    line = str(error.value)
    assert not line.startswith("--models")
    assert "\n" not in line
    assert all(word in line for word in words), line


@pytest.mark.parametrize(
    ("modules", "words"),
    [
        ("shop/models.py", ["'shop/models.py' is a file", "shop.models"]),
        ("./models.py", ["is a file", "models"]),
        ("shop\\models.py", ["is a file", "shop.models"]),
        ("models.py:User", ["is a file", "models"]),
        ("no.such", ["no module 'no'", "this folder"]),
        ("json.no", ["no module 'json.no' in 'json'"]),
        ("json", ["'json' defines no Pydantic model"]),
        ("json:", ["names no models", "json:User,Order"]),
        ("json:loads,", ["names no models"]),
        ("json:a.b", ["names no models", "--models json:User --models other.models"]),
        ("json:loads", ["'loads' in 'json' is not a Pydantic model"]),
        ("ramekin.samples.models:Usr", ["has no model 'Usr'", "Did you mean 'User'?"]),
        (".models", ["'.models'"]),
        ("json,", ["'json,' is not a module's name"]),
        (":User", ["':User' is not a module's name"]),
    ],
)
def test_a_name_that_means_nothing_is_one_line(modules, words):
    with pytest.raises(NoModels) as error:
        tables(modules)
    assert all(word in str(error.value) for word in words), str(error.value)
    assert "\n" not in str(error.value)


def test_the_command_line_takes_several_and_says_in_one_line_what_it_cannot(write, tmp_path):
    unfit = write("class Login(BaseModel):\n    id: int\n    hook: type[int]\n")
    refused(
        run("serve", "--models", "ramekin.samples.models", "--models", unfit, cwd=tmp_path),
        "--models: Login.hook: a class",
    )
    refused(run("serve", "--models", "ramekin.samples.models", "--models", " "), "--models is empty")
    refused(run("serve", environment={"RAMEKIN_MODELS": "ramekin.samples.models shop/models.py"}), "is a file")
