"""Files beside json-server's tables: of ``./public`` and of directories that are named."""

import pytest

from tests.api.test_json_server import serve

PAGE = "<h1>Hello</h1>"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    root = tmp_path_factory.mktemp("site")
    public, more = root / "public", root / "more"
    (public / "assets").mkdir(parents=True)
    (public / "guide").mkdir()
    (public / "static" / "js").mkdir(parents=True)
    (public / ".git").mkdir()
    (public / ".well-known").mkdir()
    more.mkdir()
    files = {
        public / "index.html": PAGE, public / "about.html": "about", public / "404.html": "not here",
        public / "assets" / "app.js": "let a = 1", public / "guide" / "index.html": "guide", public / "posts": "a file",
        public / ".env": "SECRET", public / ".git" / "config": "SECRET", public / ".well-known" / "x.txt": "known",
        public / "static" / "js" / "main.js": "built", public / "static" / "logo.svg": "<svg/>",
        public / "docs": "not ours", public / "data.bin": "0123456789", more / "more.css": "a{}",
        more / "about.html": "second", root / "secret.txt": "SECRET",
    }  # fmt: skip
    for path, text in files.items():
        path.write_text(text)
    (public / "out.txt").symlink_to(root / "secret.txt")
    (public / "up").symlink_to(root)
    (public / "loop").symlink_to("loop")
    (public / "inside.html").symlink_to(public / "about.html")
    return root


@pytest.fixture(scope="module")
def site(folder):
    return serve(directories=[folder / "public", folder / "more"])


@pytest.mark.parametrize(
    ("path", "text", "media"),
    [
        ("/", PAGE, "text/html; charset=utf-8"),
        ("/index.html", PAGE, "text/html; charset=utf-8"),
        ("/about.html", "about", "text/html; charset=utf-8"),
        ("/about", "about", "text/html; charset=utf-8"),
        ("/assets/app.js", "let a = 1", "text/javascript; charset=utf-8"),
        ("/guide/", "guide", "text/html; charset=utf-8"),
        ("/more.css", "a{}", "text/css; charset=utf-8"),
        ("/.well-known/x.txt", "known", "text/plain; charset=utf-8"),
        ("/static/js/main.js", "built", "text/javascript; charset=utf-8"),
        ("/static/logo.svg", "<svg/>", "image/svg+xml"),
        ("/inside.html", "about", "text/html; charset=utf-8"),
    ],
)
def test_a_file_is_served_with_its_type(site, path, text, media):
    answer = site.get(path)
    assert (answer.status_code, answer.text, answer.headers["content-type"]) == (200, text, media)
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["x-request-id"]
    head = site.head(path)
    assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", str(len(text)))


@pytest.mark.parametrize(
    "path",
    [
        "/.env", "/.git/config", "/out.txt", "/up/secret.txt", "/../secret.txt", "/%2e%2e/secret.txt",
        "/loop", "/loop/x", "/assets/..%2f..%2fsecret.txt", "/assets/%2e%2e/%2e%2e/secret.txt", "/..%5csecret.txt", "/a%00.html",
        "/assets", "/nope.html", "/" + "x" * 300, "/" + "a/" * 200, "//etc/passwd", "/%2fetc%2fpasswd",
        "/about.html/x",
    ],
)  # fmt: skip
def test_what_is_no_file_of_the_directory_is_not_found(site, path):
    answer = site.get(path, follow_redirects=False)
    if path != "/assets":
        assert (answer.status_code, answer.json()) == (404, {"error": "Not Found"})
    assert "SECRET" not in answer.text
    assert "root:" not in answer.text


def test_a_table_and_our_own_pages_come_before_a_file_of_their_name(site):
    assert site.get("/posts").json()[0]["id"] == "1"
    assert site.get("/profile").json()["name"] == "typicode"
    assert "not ours" not in site.get("/docs").text
    assert site.get("/health").json()["status"] == "ok"


def test_a_known_file_is_not_sent_again(site):
    tag = site.get("/about.html").headers["etag"]
    assert site.get("/about.html", headers={"If-None-Match": tag}).status_code == 304


def test_a_range_is_sent(site):
    answer = site.get("/data.bin", headers={"Range": "bytes=2-4"})
    assert (answer.status_code, answer.text) == (206, "234")


@pytest.mark.parametrize("said", ["bytes=5-1", "bytes=a-b", "chars=0-1", "bytes", "bytes=", "0-1", "bytes=-"])
def test_a_range_that_is_none_counts_for_nothing(site, said):
    answer = site.get("/data.bin", headers={"Range": said})
    assert (answer.status_code, answer.text) == (200, "0123456789")


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("said", ["bytes=10-", "bytes=99-100", "bytes=0-1,50-"])
def test_a_range_behind_the_end_of_a_file_is_a_problem(site, method, said):
    answer = site.request(method, "/data.bin", headers={"Range": said})
    assert (answer.status_code, answer.headers["content-range"]) == (416, "bytes */10")
    assert answer.headers["content-type"] == "application/problem+json"
    assert method == "HEAD" or answer.json()["code"] == "range-not-satisfiable"


def test_files_need_a_key_where_keys_are_asked_for(folder):
    client = serve(directories=[folder / "public"], keys=["see:read:posts=seeing"])
    for path in ("/", "/about.html", "/nope.html"):
        assert client.get(path).status_code == 401
    assert client.get("/about.html", headers={"Authorization": "Bearer seeing"}).text == "about"


def test_only_get_and_head_ask_for_a_file(site):
    assert site.post("/about.html").json() == {"error": "Not Found"}
