from django.test import SimpleTestCase
from ramekin.testing import Server


class BranchTestCase(SimpleTestCase):
    """One server for all tests of a class, and a branch of it for each: what one test writes no other sees."""

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.server = cls.enterClassContext(Server("entries.json", models="guestbook.entries"))

    def setUp(self) -> None:
        self.branch = self.enterContext(self.server.branch())
        self.enterContext(self.settings(RAMEKIN_URL=self.branch.url))


class GuestbookTest(BranchTestCase):
    def test_the_last_entry_comes_first(self) -> None:
        page = self.client.get("/").content.decode()
        self.assertLess(page.index("I come again."), page.index("The soup was good."))

    def test_entries_are_sought_by_their_text(self) -> None:
        page = self.client.get("/?q=SOUP")
        self.assertContains(page, "Ada")
        self.assertNotContains(page, "Max")

    def test_a_visitor_signs(self) -> None:
        self.assertRedirects(self.client.post("/sign", {"name": "Grace", "text": "Thanks."}), "/")
        [created] = self.branch.diff()["entries"]["created"]
        self.assertEqual((created["name"], created["text"]), ("Grace", "Thanks."))

    def test_what_the_model_refuses_is_told_beside_its_field(self) -> None:
        page = self.client.post("/sign", {"name": "x" * 41, "text": "Thanks."})
        self.assertContains(page, "40", status_code=422)
        self.assertEqual(self.branch.diff(), {})

    def test_an_entry_is_mended(self) -> None:
        tag = self.client.get("/entries/max").context["form"]["tag"].value()
        self.assertRedirects(self.client.post("/entries/max", {"name": "Max", "text": "Never.", "tag": tag}), "/")
        [replaced] = self.branch.diff()["entries"]["replaced"]
        self.assertEqual(replaced["after"]["text"], "Never.")

    def test_nobody_writes_over_what_another_has_changed(self) -> None:
        tag = self.client.get("/entries/max").context["form"]["tag"].value()
        self.client.post("/entries/max", {"name": "Max", "text": "First.", "tag": tag})
        page = self.client.post("/entries/max", {"name": "Max", "text": "Second.", "tag": tag})
        self.assertContains(page, "meanwhile", status_code=409)
        self.assertContains(self.client.get("/"), "First.")

    def test_a_change_that_does_not_say_what_it_saw_is_refused(self) -> None:
        for tag, status in (({}, 422), ({"tag": ""}, 422), ({"tag": "abc"}, 409)):
            page = self.client.post("/entries/max", {"name": "Max", "text": "Never."} | tag)
            self.assertEqual(page.status_code, status)
        self.assertEqual(self.branch.diff(), {})

    def test_an_entry_that_is_not_there_is_not_found(self) -> None:
        for name in ("none", "%2e", "%2E%2E"):
            self.assertEqual(self.client.get(f"/entries/{name}").status_code, 404)
            self.assertEqual(self.client.post(f"/entries/{name}/away").status_code, 404)

    def test_an_entry_is_taken_away_once(self) -> None:
        self.assertRedirects(self.client.post("/entries/max/away"), "/")
        self.assertEqual(self.client.post("/entries/max/away").status_code, 404)
        self.assertEqual([entry["id"] for entry in self.branch.diff()["entries"]["deleted"]], ["max"])
