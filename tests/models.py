"""Models of the tests: one for each thing that a model can do."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator


class Part(BaseModel):
    """A part of `Gadget`, so no table."""

    code: str
    weight: float = Field(gt=0)


class Gadget(BaseModel):
    """An integer id without a default, nested parts, an alias, a literal."""

    id: int
    label: str = Field(alias="Label", min_length=1, max_length=20)
    parts: list[Part] = []
    kind: Literal["big", "small"] = "small"
    made: date | None = None
    price: Decimal | None = None


class Note(BaseModel):
    """No id of its own; takes any other member."""

    model_config = ConfigDict(extra="allow")

    text: str


class Tag(BaseModel):
    """An id that the type itself writes in small letters."""

    id: Annotated[str, StringConstraints(to_lower=True)]


class Shouted(BaseModel):
    """An id that the model changes in a way that its type does not tell."""

    id: str

    @field_validator("id")
    @classmethod
    def shout(cls, value: str) -> str:
        return value.upper()


class Secret(BaseModel):
    """Left out by its own word."""

    __table__ = None

    id: str


class Person(BaseModel):
    """Named otherwise."""

    __table__ = "people"

    id: str
    name: str
