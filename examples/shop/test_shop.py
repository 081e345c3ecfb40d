"""Tests of the shop. Each has a branch of its own, with the products of ``products.json`` and no orders."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from fastapi.testclient import TestClient

from shop import app


@pytest.fixture
def shop(ramekin_url, monkeypatch):
    monkeypatch.setenv("RAMEKIN_URL", ramekin_url)
    with TestClient(app) as client:
        yield client


def test_an_order_takes_from_the_stock(shop, ramekin):
    assert shop.post("/orders?product=teapot&user=ada&pieces=2").status_code == 201
    diff = ramekin.diff()
    [teapot] = diff["products"]["replaced"]
    assert (teapot["before"]["stock"], teapot["after"]["stock"]) == (3, 1)
    assert [order["user"] for order in diff["orders"]["created"]] == ["ada"]


def test_what_is_refused_changes_nothing(shop, ramekin):
    assert shop.post("/orders?product=teapot&user=ada&pieces=4").status_code == 409
    for product in ("spoon", "", "a%2Fb", "..", "%2E"):
        assert shop.post(f"/orders?product={product}&user=ada").status_code == 404
    for pieces in (0, -5):
        assert shop.post(f"/orders?product=teapot&user=ada&pieces={pieces}").status_code == 422
    assert ramekin.diff() == {}


def test_nobody_buys_what_is_sold(shop, ramekin_client):
    def buy(user):
        return shop.post(f"/orders?product=teapot&user={user}").status_code

    with ThreadPoolExecutor(4) as threads:
        bought = list(threads.map(buy, range(8))).count(201)
    assert bought <= 3
    assert ramekin_client.table("products").get("teapot")["stock"] == 3 - bought
    assert ramekin_client.table("orders").count() == bought


def test_a_total_is_over_all_orders_of_a_user(shop):
    for product, user in [("teapot", "ada"), ("whisk", "ada"), ("whisk", "eve")]:
        shop.post(f"/orders?product={product}&user={user}")
    assert shop.get("/users/ada/total").json() == 4100
    assert shop.get("/users/nobody/total").json() == 0
