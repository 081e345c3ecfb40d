"""A model of the same name as one in `model_shapes.py`."""

from pydantic import BaseModel


class Address(BaseModel):
    town: str
