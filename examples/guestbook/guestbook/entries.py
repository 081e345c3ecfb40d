from datetime import UTC, datetime
from functools import cache
from uuid import uuid4

from pydantic import BaseModel, Field
from ramekin.client import Client, Table


class Entry(BaseModel):
    __table__ = "entries"

    id: str = Field(default_factory=lambda: str(uuid4()))
    name: str = Field(min_length=1, max_length=40)
    text: str = Field(min_length=1, max_length=500)
    at: datetime = Field(default_factory=lambda: datetime.now(UTC))


@cache
def _client(url: str) -> Client:
    return Client(url)  # which threads may share


def entries() -> Table[Entry]:
    """The table at the address that the settings name now: tests give each test another one."""
    from django.conf import settings

    return _client(settings.RAMEKIN_URL).table("entries", Entry)
