"""Calls through the client that openapi-python-client makes, run by its own Python: prints what they give as JSON."""

import json
import sys

from made import Client, models
from made.api.joins import join_tables, join_tables_users_and_orders
from made.api.orders import create_record_in_orders
from made.api.records import create_record, get_record, list_records, query_table
from made.api.trees import create_record_in_trees
from made.api.users import (
    create_record_in_users,
    delete_record_in_users,
    get_record_in_users,
    list_records_in_users,
    patch_record_in_users,
    put_record_in_users,
)
from made.api.whole_tables import apply_batch

client = Client(base_url=sys.argv[1])
told = {}

ada = models.UserInput(email="ada@example.com", full_name="Ada")
user = create_record_in_users.sync(client=client, body=ada)
assert isinstance(user, models.User), user
told["created"] = user.full_name

others = [models.UserInput(email=f"{name}@example.com", full_name=name, age=30) for name in ("bo", "cy")]
many = create_record_in_users.sync(client=client, body=others)
assert isinstance(many, list), many
assert all(isinstance(one, models.User) for one in many), many
told["bulk"] = [one.full_name for one in many]

counted = create_record_in_users.sync(client=client, body=others[:1] * 2, prefer="return=minimal")
assert isinstance(counted, models.Count), counted
told["minimal"] = counted.count

got = get_record_in_users.sync_detailed(user.id, client=client)
assert got.parsed == user, got.parsed
part = get_record_in_users.sync(user.id, client=client, select="full_name")
assert isinstance(part, models.UserPart), part
told["select"] = part.to_dict()

page = list_records_in_users.sync(client=client, agegte=18, sort="full_name", limit=3, count=True, explain=True)
assert isinstance(page, models.UserPage), page
told["list"] = [[one.full_name for one in page.data], page.next_ is not None, page.total, page.explain.rows_returned]

cursor = page.next_.rpartition("cursor=")[2]
rest = list_records_in_users.sync(client=client, agegte=18, sort="full_name", cursor=cursor)
told["rest"] = [one.full_name for one in rest.data]

changed = models.UserInput(email="ada@example.com", full_name="Ada L.", age=36)
put = put_record_in_users.sync(user.id, client=client, body=changed, if_match=got.headers["etag"])
told["put"] = put.age
lost = put_record_in_users.sync(user.id, client=client, body=changed, if_match='"old"')
assert isinstance(lost, models.Problem), lost
told["problem"] = [lost.status, lost.code]
patched = patch_record_in_users.sync(user.id, client=client, body=models.UserPatch(age=None, full_name="Ada Lovelace"))
told["patch"] = [patched.full_name, patched.age]

order = models.OrderInput(user_id=user.id, product_name="A ramekin", quantity=2, total_price=9.5)
create_record_in_orders.sync(client=client, body=order)
join = join_tables.sync("users", "orders", "user_id", client=client)
told["join"] = [join.join.on, len(join.data)]
typed = join_tables_users_and_orders.sync("user_id", client=client)
told["typed"] = [[row.users.full_name, row.orders.quantity] for row in typed.data]

figures = models.QueryAggregate.from_dict({"n": "count"})
groups = query_table.sync("users", client=client, body=models.Query(group_by=["age"], aggregate=figures))
told["query"] = [row.to_dict() for row in groups.data]

thing = models.OperationRecord.from_dict({"id": "t", "size": 5})
operations = [
    models.Operation(op=models.OperationOp.CREATE, table="things", record=thing),
    models.Operation(op=models.OperationOp.DELETE, table="things", id="t"),
]
batch = apply_batch.sync(client=client, body=models.Batch(operations=operations))
told["batch"] = [[result.status, result.id] for result in batch.results]

pet = create_record.sync("pets", client=client, body=models.RecordInput.from_dict({"name": "Rex", "age": 3}))
assert isinstance(pet, models.Record), pet
told["free"] = [
    get_record.sync("pets", pet.id, client=client)["name"],
    len(list_records.sync("pets", client=client).data),
]

tree = models.TreeInput(id="a", children=[models.TreeInput(id="b", children=[models.TreeInput(id="c")])])
grown = create_record_in_trees.sync(client=client, body=tree)
told["tree"] = grown.children[0].children[0].id

told["delete"] = delete_record_in_users.sync_detailed(user.id, client=client).status_code
print(json.dumps(told))
