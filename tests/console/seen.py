"""What a person sees of a table in the console, and what the server has of it."""


def put(server, table, *records):
    with server.client() as client:
        client.post(f"/api/v1/data/{table}?on_conflict=replace", json=list(records)).raise_for_status()


def stored(server, key, table="pets"):
    with server.client() as client:
        return client.get(f"/api/v1/data/{table}/{key}").json()


def rows(page):
    return page.get_by_role("grid").get_by_role("row").filter(has=page.get_by_role("gridcell"))


def cell(page, row, column):
    return rows(page).nth(row).get_by_role("gridcell").nth(column)


def go_live(page):
    """Have rows change as others change them, and wait until the server tells of it."""
    with page.expect_response(lambda answer: "event-stream" in answer.headers.get("content-type", "")):
        page.get_by_role("button", name="Live", exact=True).click()
