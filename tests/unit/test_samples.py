"""The sample models and datasets."""

import json

import pytest

from ramekin import samples
from ramekin.samples import models
from ramekin.samples.models import Order, Shop, User
from ramekin.schema.model_tables import tables_in

MODELS = {"users": User, "orders": Order, "shops": Shop}
DATA = {table: json.loads(text) for table, text in samples.datasets().items()}


def test_the_models_are_the_tables_of_the_datasets():
    assert tables_in(models) == MODELS
    assert set(DATA) == set(MODELS)


@pytest.mark.parametrize("table", MODELS)
def test_every_record_satisfies_its_model_strictly(table):
    for record in DATA[table]:
        MODELS[table].model_validate_json(json.dumps(record), strict=True, extra="forbid")


def test_there_are_enough_and_their_ids_are_unique_and_in_order():
    assert {table: len(records) for table, records in DATA.items()} == {"users": 600, "orders": 6000, "shops": 40}
    for records in DATA.values():
        ids = [record["id"] for record in records]
        assert ids == sorted(set(ids))


def test_every_order_has_a_user_and_some_users_have_no_order():
    users = {user["id"]: user for user in DATA["users"]}
    assert all(users[order["user_id"]]["created_at"] <= order["order_date"] for order in DATA["orders"])
    assert len(users) - len({order["user_id"] for order in DATA["orders"]}) == 40


def test_prices_have_two_decimals():
    assert all(round(order["total_price"], 2) == order["total_price"] > 0 for order in DATA["orders"])


def test_addresses_are_unique_and_on_domains_for_examples():
    addresses = [user["email"] for user in DATA["users"]]
    assert len(set(addresses)) == 600
    assert {address.partition("@")[2] for address in addresses} == {"example.com", "example.org", "example.net"}


def test_ages_are_given_null_or_absent():
    ages = [user.get("age", "absent") for user in DATA["users"]]
    assert ages.count("absent") > 20
    assert ages.count(None) > 10


def test_shops_nest():
    assert all(shop["opening_hours"] and shop["address"]["city"] for shop in DATA["shops"])
