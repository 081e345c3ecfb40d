"""Each view in both themes, as axe-core sees it: nothing serious for those who cannot see it, or see it badly."""

import pytest

from tests.clients.test_generated import NODE, needed
from tests.console.test_keyboard import VIEWS

pytestmark = pytest.mark.long

AXE = NODE / "axe-core" / "axe.min.js"


@pytest.fixture(scope="module")
def axe() -> str:
    needed(AXE, "npm")
    return AXE.read_text("utf-8")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("view", [*VIEWS, "changes?table=users"])
def test_axe_finds_nothing_serious(page, server, axe, view, scheme):
    page.emulate_media(color_scheme=scheme)
    page.goto(f"{server.url}/console/{view}")
    page.get_by_role("main").locator("h1, h2").first.wait_for()
    page.wait_for_timeout(500)
    page.evaluate(axe)
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    serious = [
        (each["id"], [node["html"][:120] for node in each["nodes"][:3]])
        for each in found["violations"]
        if each["impact"] in ("serious", "critical")
    ]
    assert serious == []
