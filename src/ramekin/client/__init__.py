"""A client for Python: the HTTP API as methods, in two forms that are the same but for `await`.

    from ramekin.client import Client, Field

    with Client("http://127.0.0.1:8000") as client:
        users = client.table("users", User)             # or without a model: records are dictionaries
        users.create(User(id=1, name="Ada", age=36))
        for user in users.find(Field("age") >= 18, sort="-age"):
            print(user.name)

Reading top down: ``sync.py`` and ``aio.py`` are what people call, ``calls.py`` says what each call sends and how its
answer is read, ``exchange.py`` when it is sent again. The last two know no HTTP library, no sockets and no `await`.
"""

from ramekin.client.aio import AsyncChanges, AsyncClient, AsyncSelection, AsyncTable
from ramekin.client.batch import Batch, Result
from ramekin.client.calls import Changed
from ramekin.client.following import Change
from ramekin.client.sync import Changes, Client, Selection, Table
from ramekin.query.expressions import Field

__all__ = [
    "AsyncChanges",
    "AsyncClient",
    "AsyncSelection",
    "AsyncTable",
    "Batch",
    "Change",
    "Changed",
    "Changes",
    "Client",
    "Field",
    "Result",
    "Selection",
    "Table",
]
