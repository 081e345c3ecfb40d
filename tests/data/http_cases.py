"""Bytes that a server may get, and what HTTP says becomes of them: how many answers, which, and whether it goes on.

Written from RFC 9112 and RFC 9110; the first list has the cases of the public h1spec in our own addresses, and what
hides a transfer coding is what request smuggling tools send. Whatever a case hides is a DELETE of the record `victim`.
"""

from __future__ import annotations

from typing import NamedTuple

MALFORMED = "400 malformed-request"
JSON_FAULT = "400 malformed-json"


class Case(NamedTuple):
    name: str
    sent: bytes
    answers: tuple[str, ...]
    """Of each answer its status and, if it is an error, its code."""
    stays_open: bool
    rest: bytes = b""
    """What makes a part whole: a GET of an address that is none."""


LIVE = b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n"
HIDDEN = b"DELETE /api/v1/data/t/victim HTTP/1.1\r\nHost: localhost\r\n\r\n"
BODY = b'{"n":1}'


def get(*lines: bytes, first: bytes = b"GET /health/live HTTP/1.1", host: bytes = b"Host: localhost") -> bytes:
    return b"\r\n".join([first, *([host] if host else []), *lines, b"", b""])


def post(*lines: bytes, body: bytes = b"", first: bytes = b"POST /api/v1/data/t HTTP/1.1") -> bytes:
    """Return a create; its length must be among the lines."""
    return get(b"Content-Type: application/json", *lines, first=first) + body


def sized(*lines: bytes, body: bytes = BODY, **more: bytes) -> bytes:
    return post(b"Content-Length: %d" % len(body), *lines, body=body, **more)


def chunked(body: bytes, *lines: bytes, **more: bytes) -> bytes:
    return post(b"Transfer-Encoding: chunked", *lines, body=body, **more)


def kept(name: str, sent: bytes, *answers: str) -> Case:
    return Case(name, sent, answers, stays_open=True)


def closed(name: str, sent: bytes, *answers: str) -> Case:
    return Case(name, sent, answers, stays_open=False)


def refused(name: str, sent: bytes) -> Case:
    """Return a case in which what stands first is no request, and nothing behind it is looked at."""
    return closed(name, sent, MALFORMED)


_WHOLE = LIVE.replace(b"/health/live", b"/hello")
_ENDS = [1, 4, 10, 11, 15, 19, 20, 21, 24, 26, 27, 36, 37, 38, 39]

H1SPEC = [
    *(Case(f"a part of {end} bytes is waited for", _WHOLE[:end], (), True, _WHOLE[end:]) for end in _ENDS),
    refused("no version", b"GET / \r\n\r\n"),
    kept("a GET that expects nothing", get(b"Expect: 100-continue"), "200"),
    kept("a plain GET", LIVE, "200"),
    kept("names in any case, a tab, an empty value", get(b"empty:", host=b"hoSt:\tlocalhost"), "200"),
    refused("a name with brackets", get(b"X-Invalid[]: test")),
    refused("no Host", get(b"Content-Length: 5", host=b"")),
    refused("two Hosts", get(b"Host: example.org")),
    refused("a huge negative length", get(b"Content-Length: -123456789123456789123456789")),
    refused("a negative length", get(b"Content-Length: -1234")),
    refused("a length of letters", get(b"Content-Length: abc")),
    kept("an empty value", get(b"X-Empty-Header: "), "200"),
    refused("a control character in a value", get(b"X-Bad-Control-Char: test\x07")),
    refused("a version that is none", get(first=b"GET / HTTP/9.9")),
    refused("something before the method", get(first=b"Extra lineGET / HTTP/1.1")),
    refused("a lone CR for a line end", b"GET / HTTP/1.1\r\nHost: localhost\r\n\rSome-Header: Test\r\n\r\n"),
    kept("a body of a length", sized(), "201"),
    kept("a body in chunks", chunked(b'c\r\n{"n": 12345}\r\n0\r\n\r\n'), "201"),
    refused(
        "a length beside chunks",
        post(b"content-LengtH: 5", b"TransFer-Encoding: chunked", body=b'7\r\n{"n":1}\r\n0\r\n\r\n'),
    ),
]

UPGRADES = [
    case
    for token in (b"h2c", b"websocket", b"foo", b"HTTP/2.0, foo", b"TLS/1.0", b"")
    for lines in (
        (b"Connection: Upgrade", b"Upgrade: " + token),
        (b"Upgrade: " + token, b"connection: keep-alive, UPGRADE"),
    )
    for case in (
        kept(f"a write that offers {token!r}", sized(*lines) + LIVE, "201", "200"),
        kept(f"chunks that offer {token!r}", chunked(b'7\r\n{"n":1}\r\n0\r\n\r\n', *lines) + LIVE, "201", "200"),
        kept(f"a request in the body behind {token!r}", sized(*lines, body=HIDDEN) + LIVE, JSON_FAULT, "200"),
        kept(
            f"a request in a chunk behind {token!r}",
            chunked(b"%x\r\n%b\r\n0\r\n\r\n" % (len(HIDDEN), HIDDEN), *lines) + LIVE,
            JSON_FAULT,
            "200",
        ),
        kept(f"a read that offers {token!r}", get(*lines) * 2, "200", "200"),
    )
] + [
    kept(
        "what a Java client sends",
        sized(
            b"Connection: Upgrade, HTTP2-Settings",
            b"HTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA",
            b"Upgrade: h2c",
        )
        + LIVE,
        "201",
        "200",
    ),
    kept(
        "an offer on an address that is none",
        sized(b"Connection: Upgrade", b"Upgrade: foo", body=HIDDEN, first=b"POST /none HTTP/1.1") + LIVE,
        "404 unknown-route",
        "200",
    ),
    kept(
        "an offer and a long body",
        sized(b"Connection: Upgrade", b"Upgrade: x", body=b'{"n":"%b"}' % (HIDDEN.replace(b"\r\n", b" ") * 50)),
        "201",
    ),
]

CONNECTS = [
    closed(
        f"CONNECT {target.decode()}, {len(body)} bytes",
        get(*lines, first=b"CONNECT %b HTTP/1.1" % target) + body,
        "405 method-not-allowed",
    )
    for target in (b"example.com:443", b"/api/v1/data/t", b"*", b"http://localhost/")
    for lines, body in (
        ((), b""),
        ((b"Content-Length: %d" % len(HIDDEN),), HIDDEN),
        ((b"Transfer-Encoding: chunked",), b"0\r\n\r\n" + HIDDEN),
    )
]

_CHUNKS = b'7\r\n{"n":1}\r\n0\r\n\r\n' + HIDDEN
_CONTROLS = [byte for byte in range(0x20) if byte not in (0x09, 0x0D)] + [0x7F]

CODINGS = [
    *(kept(f"a coding written {line!r}", chunked(b"")[: -len(b"Transfer-Encoding: chunked\r\n\r\n")] + line + b'\r\n\r\n7\r\n{"n":1}\r\n0\r\n\r\n' + LIVE, "201", "200")
      for line in (b"TRANSFER-ENCODING: CHUNKED", b"TrAnSFer-EnCODinG:cHuNkeD", b"Transfer-Encoding:\tchunked", b"Transfer-Encoding:  chunked \t ")),
    *(refused(f"a coding written {line!r}", post(line, body=_CHUNKS))
      for line in (
          b"Transfer-Encoding: gzip, chunked", b"Transfer-Encoding: chunked, gzip", b"Transfer-Encoding: gzip", b"Transfer-Encoding: identity",
          b"Transfer-Encoding: chunked, chunked", b"Transfer-Encoding: chunked,", b"Transfer-Encoding: ,chunked", b"Transfer-Encoding:",
          b"Transfer-Encoding: chunk", b"Transfer-Encoding: xchunked", b'Transfer-Encoding: "chunked"', b"Transfer-Encoding: 'chunked'",
          b"Transfer-Encoding: chunked;q=1", b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", b"Transfer-Encoding: cow\r\nTransfer-Encoding: chunked",
          b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity", b"Transfer-Encoding: cow chunked bar", b"Transfer-Encoding:\r\n chunked",
          b"Transfer-Encoding: x\r\n\tchunked", b"Transfer-Encoding:\n chunked", b"Transfer-Encoding: chunked\n", b"Transfer-Encoding: chunked\r",
          b"Transfer-Encoding : chunked", b"Transfer-Encoding\t: chunked", b" Transfer-Encoding: chunked", b"\tTransfer-Encoding: chunked",
          b"Transfer Encoding: chunked", b"Transfer\r-Encoding: chunked", b"X: X\rTransfer-Encoding: chunked", b"X: X\nTransfer-Encoding: chunked",
          b"Transf\x82r-Encoding: chunked", b"Transfer-Encoding:\xa0chunked", b"Transfer-Encoding: ch\x96nked", b"Transfer-Encoding: chunked\xff",
          b"Transfer-Encoding: chunked\0", b"Transfer-Encoding\0: chunked", b": chunked", b"Transfer-Encoding chunked", b"Transfer-Encoding\xef\xbc\x9a chunked",
      )),
    *(refused(f"a coding with byte {byte:02x} {place}", post(line % byte, body=_CHUNKS))
      for byte in _CONTROLS
      for place, line in (("before the value", b"Transfer-Encoding:%cchunked"), ("behind the value", b"Transfer-Encoding: chunked%c"),
                          ("behind the name", b"Transfer-Encoding%c: chunked"), ("before the name", b"%cTransfer-Encoding: chunked"))),
    kept("a coding under another name", post(b"Content-Length: 7", b"Transfer_Encoding: chunked", body=BODY) + LIVE, "201", "200"),
    kept("a content coding called chunked", post(b"Content-Length: 7", b"Content-Encoding: chunked", body=BODY) + LIVE, "415 unsupported-media-type", "200"),
    refused("chunks under HTTP/1.0", chunked(_CHUNKS, first=b"POST /api/v1/data/t HTTP/1.0")),
    refused("chunks beside a length", post(b"Content-Length: 7", b"Transfer-Encoding: chunked", body=_CHUNKS)),
    refused("a length of 0 beside chunks", post(b"Transfer-Encoding: chunked", b"Content-Length: 0", body=_CHUNKS)),
    refused("a coding that is none beside a length", post(b"Content-Length: 7", b"Transfer-Encoding: xchunked", body=BODY)),
]  # fmt: skip

LENGTHS = [
    *(refused(f"a length written {line!r}", post(line, body=BODY + HIDDEN))
      for line in (
          b"Content-Length: +7", b"Content-Length: -7", b"Content-Length: 0x7", b"Content-Length: 7 7", b"Content-Length: 7,7", b"Content-Length: 7, 7",
          b"Content-Length: 7.0", b"Content-Length: 7e0", b"Content-Length: 1_0", b"Content-Length: ", b"Content-Length:", b"Content-Length: '7'",
          b'Content-Length: "7"', b"Content-Length: 7;", b"Content-Length: \xb2", b"Content-Length: 7\xa0", b"Content-Length : 7", b" Content-Length: 7",
          b"Content-Length: 7\r\nContent-Length: 7", b"Content-Length: 7\r\nContent-Length: 0", b"Content-Length: 7\r\n 0", b"Content-Length: 7\0",
          b"Content-Length: 7\x0b", b"Content-Length: 7\n", b"Content-Length\n: 7", b"Content-Length: 7\r", b"X: y\nContent-Length: 7",
      )),
    kept("a length with zeros in front", post(b"Content-Length: 0007", body=BODY) + LIVE, "201", "200"),
    kept("a length with spaces around", post(b"Content-Length: \t 7 \t", body=BODY) + LIVE, "201", "200"),
    kept("a length of 0", post(b"Content-Length: 0") + LIVE, JSON_FAULT, "200"),
    kept("no length", post() + LIVE, JSON_FAULT, "200"),
    closed("a length of 19 digits", post(b"Content-Length: 1000000000000000000", body=BODY), "413 body-too-large"),
    closed("a length of 4,301 digits", post(b"Content-Length: " + b"9" * 4301, body=BODY), "413 body-too-large"),
    closed("a length of 18 digits", post(b"Content-Length: 999999999999999999", body=BODY), "413 body-too-large"),
    kept("a body on a read", get(b"Content-Length: %d" % len(HIDDEN)) + HIDDEN + LIVE, "200", "200"),
    kept("a body on OPTIONS", get(b"Content-Length: %d" % len(HIDDEN), first=b"OPTIONS /health HTTP/1.1") + HIDDEN + LIVE, "204", "200"),
    kept("a body on a method that is none", get(b"Content-Length: %d" % len(HIDDEN), first=b"FOO /health HTTP/1.1") + HIDDEN + LIVE, "405 method-not-allowed", "200"),
    kept("a body on a read of a record", get(b"Content-Length: %d" % len(HIDDEN), first=b"GET /api/v1/data/t/victim HTTP/1.1") + HIDDEN + LIVE, "200", "200"),
    kept("a body on a delete", get(b"Content-Length: 2", first=b"DELETE /api/v1/data/t/victim HTTP/1.1") + b"{}" + LIVE, "400 unexpected-body", "200"),
]  # fmt: skip

CHUNKS = [
    *(kept(f"chunks written {body!r}"[:80], chunked(body) + LIVE, "201", "200")
      for body in (
          b'3\r\n{"n\r\n4\r\n":1}\r\n0\r\n\r\n', b'07\r\n{"n":1}\r\n000\r\n\r\n', b'7;a\r\n{"n":1}\r\n0\r\n\r\n', b'7;a=b;c="d;\\"\xe9"\r\n{"n":1}\r\n0;x\r\n\r\n',
          b'7 ; a = b\r\n{"n":1}\r\n0\r\n\r\n', b'A\r\n{"n": 1.5}\r\n0\r\n\r\n', b'a\r\n{"n": 1.5}\r\n0\r\n\r\n', b'000000000000007\r\n{"n":1}\r\n0\r\n\r\n',
          b"".join(b"1\r\n%c\r\n" % byte for byte in BODY) + b"0\r\n\r\n", b"7;" + b"a" * 4000 + b'\r\n{"n":1}\r\n0\r\n\r\n',
      )),
    *(refused(f"chunks written {body!r}"[:80], chunked(body + HIDDEN))
      for body in (
          b'7\n{"n":1}\n0\n\n', b'7\r\n{"n":1}\n0\r\n\r\n', b'7\r\n{"n":1}\r\n0\n\r\n', b'7\r{"n":1}\r\n0\r\n\r\n', b'0x7\r\n{"n":1}\r\n0\r\n\r\n',
          b'+7\r\n{"n":1}\r\n0\r\n\r\n', b'-7\r\n{"n":1}\r\n0\r\n\r\n', b' 7\r\n{"n":1}\r\n0\r\n\r\n', b'7 \r\n{"n":1}\r\n0\r\n\r\n', b'7\t\r\n{"n":1}\r\n0\r\n\r\n',
          b'g\r\n{"n":1}\r\n0\r\n\r\n', b'\r\n{"n":1}\r\n0\r\n\r\n', b';a\r\n{"n":1}\r\n0\r\n\r\n', b'7;\r\n{"n":1}\r\n0\r\n\r\n', b'7;a\n{"n":1}\r\n0\r\n\r\n',
          b'7;a\0\r\n{"n":1}\r\n0\r\n\r\n', b'7;a="\r\n{"n":1}\r\n0\r\n\r\n', b'7a=b\r\n{"n":1}\r\n0\r\n\r\n', b'7,\r\n{"n":1}\r\n0\r\n\r\n', b'6\r\n{"n":1}\r\n0\r\n\r\n',
          b'8\r\n{"n":1}\r\n0\r\n\r\n', b'7\r\n{"n":1}0\r\n\r\n', b'7\r\n{"n":1}\r\r\n0\r\n\r\n', b'7\r\n{"n":1}\r\n\r\n0\r\n\r\n', b'ffffffffffffffff\r\n{"n":1}\r\n0\r\n\r\n',
          b'10000000000000007\r\n{"n":1}\r\n0\r\n\r\n', b'0000000000000007\r\n{"n":1}\r\n0\r\n\r\n', b"7;" + b"a" * 4100 + b'\r\n{"n":1}\r\n0\r\n\r\n',
          b'7\r\n{"n":1}\r\n0\r\nX : y\r\n\r\n', b'7\r\n{"n":1}\r\n0\r\n folded\r\n\r\n', b'7\r\n{"n":1}\r\n0\r\nX: y\n\r\n', b'7\r\n{"n":1}\r\n0\r\n\n', b'7\r\n{"n":1}\r\n0\r\nX: \0\r\n\r\n',
      )),
    closed("101 trailers", chunked(b'7\r\n{"n":1}\r\n0\r\n' + b"a: b\r\n" * 101 + b"\r\n"), "431 head-too-large"),
    kept("100 trailers", chunked(b'7\r\n{"n":1}\r\n0\r\n' + b"a: b\r\n" * 100 + b"\r\n") + LIVE, "201", "200"),
    kept("trailers of 4,096 bytes", chunked(b'7\r\n{"n":1}\r\n0\r\na: ' + b"b" * 4089 + b"\r\n\r\n") + LIVE, "201", "200"),
    closed("trailers of 4,097 bytes", chunked(b'7\r\n{"n":1}\r\n0\r\na: ' + b"b" * 4090 + b"\r\n\r\n"), "431 head-too-large"),
    *(kept(f"a trailer that decides something: {line!r}", chunked(b'7\r\n{"n":1}\r\n0\r\n' + line + b"\r\n\r\n") + LIVE, "201", "200")
      for line in (b"Content-Length: 5", b"Transfer-Encoding: chunked", b"Host: elsewhere", b"Content-Type: text/csv", b"Content-Encoding: gzip",
                   b"If-None-Match: *", b"Connection: close", b"Authorization: Bearer x", b"Expect: 100-continue", b"Prefer: return=minimal")),
    *(kept(f"the end of chunks, then {more!r}"[:80], chunked(b'7\r\n{"n":1}\r\n0\r\n\r\n') + more, "201", "200") for more in (b"\r\n" + LIVE,)),
]  # fmt: skip

GRAMMAR = [
    *(refused(f"a first line {line!r}"[:80], get(first=line) + HIDDEN)
      for line in (
          b"GET  / HTTP/1.1", b"GET /  HTTP/1.1", b" GET / HTTP/1.1", b"GET / HTTP/1.1 ", b"GET\t/ HTTP/1.1", b"GET /\tHTTP/1.1", b"GET / http/1.1", b"GET / HTTP/1", b"GET / HTTP/1.",
          b"GET / HTTP/11", b"GET / HTTP/1.10", b"GET / HTTP/01.1", b"GET / HTTP/2.0", b"GET / HTTP/0.9", b"GET / HTTPS/1.1", b"GET /", b"GET", b"/ HTTP/1.1", b"G(T / HTTP/1.1",
          b"GET / a HTTP/1.1", b"GET x HTTP/1.1", b"GET ?a HTTP/1.1", b"GET * HTTP/1.1", b"GET /#a HTTP/1.1", b"GET ftp://localhost/ HTTP/1.1", b"GET http:// HTTP/1.1",
          b"GET http:///health HTTP/1.1", b"GET /\xc3\xa9 HTTP/1.1", b"GET /?a=\xc3\xa9 HTTP/1.1", b"GET /\0 HTTP/1.1", b"GET /\x7f HTTP/1.1", b"GET /\n HTTP/1.1", b"GET / HTTP/1.1\n",
          b"GET / HTTP/1.1\r", b"G\0T / HTTP/1.1", b"PRI * HTTP/2.0", b"localhost:80 HTTP/1.1",
      )),
    refused("two empty lines in front", b"\r\n\r\n" + LIVE),
    refused("a bare line feed in front", b"\n" + LIVE),
    refused("a lone CR in front", b"\rGET / HTTP/1.1\r\nHost: localhost\r\n\r\n"),
    refused("a TLS greeting", bytes.fromhex("16030100a5010000a10303") + b"\x01" * 32),
    refused("a greeting of SSH", b"SSH-2.0-OpenSSH_9.2\r\n"),
    refused("line feeds for line ends", LIVE.replace(b"\r\n", b"\n")),
    refused("a line feed for the last line end", LIVE[:-2] + b"\n" + HIDDEN),
    kept("one empty line in front", b"\r\n" + LIVE, "200"),
    kept("one empty line between", LIVE + b"\r\n" + LIVE, "200", "200"),
    kept("a later version of HTTP/1", get(first=b"GET /health/live HTTP/1.2"), "200"),
    kept("a method in small letters", get(first=b"patch /api/v1/data/t/victim HTTP/1.1"), "405 method-not-allowed"),
    kept("a method of nobody", get(first=b"FOO /api/v1/data/t HTTP/1.1"), "405 method-not-allowed"),
    kept("a method of signs", get(first=b"!#$%&'*+-.^_`|~9 /api/v1/data/t HTTP/1.1"), "405 method-not-allowed"),
    kept("a method of nobody, nowhere", get(first=b"FOO /none HTTP/1.1"), "404 unknown-route"),
    kept("a method of WebDAV", get(first=b"PROPFIND /health HTTP/1.1"), "405 method-not-allowed"),
    kept("a whole address", get(first=b"GET http://localhost:1/health/live?a HTTP/1.1"), "400 unknown-parameter"),
    kept("a whole address without a path", get(first=b"OPTIONS HTTP://localhost HTTP/1.1"), "204"),
    kept("a whole address of a record", get(first=b"GET http://localhost/api/v1/data/t/victim HTTP/1.1"), "200"),
    kept("OPTIONS of the whole server", get(first=b"OPTIONS * HTTP/1.1") + LIVE, "204", "200"),
    closed("HTTP/1.0", get(first=b"GET /health/live HTTP/1.0", host=b""), "200"),
    closed("HTTP/1.0 that would stay", get(b"Connection: keep-alive", first=b"GET /health/live HTTP/1.0"), "200"),
    closed("a close among other words", get(b"Connection: foo, ClOse ,bar") + HIDDEN, "200"),
    closed("a close in a second line", get(b"Connection: foo", b"Connection: close") + HIDDEN, "200"),
    *(refused(f"a Host {line!r}", get(host=line))
      for line in (b"Host:", b"Host: ", b"Host: a b", b"Host: a,b", b"Host: a/b", b"Host: a@b", b"Host: a?b", b"Host: a\\b", b"Host: a:b", b"Host: a:80:90", b"Host: [::1", b"Host: ::1",
                   b"Host: :80", b"Host: http://a", b"Host: a\xe9", b"Host: a\r\nHost: a", b"Host: a\r\nhost: b", b"Host : a", b" Host: a", b"X-Host: a", b"Host: a\r\n b")),
    refused("an empty Host under HTTP/1.0", get(first=b"GET /health/live HTTP/1.0", host=b"Host:")),
    refused("two Hosts under HTTP/1.0", get(b"Host: localhost", first=b"GET /health/live HTTP/1.0")),
    refused("no Host beside a whole address", get(first=b"GET http://localhost/health/live HTTP/1.1", host=b"")),
    *(refused(f"a header {line!r}", get(line) + HIDDEN)
      for line in (b"a b: c", b"a", b": b", b"a : b", b"a\t: b", b" a: b", b"\ta: b", b"a: b\r\n c", b"a: b\r\n\tc", b"a: b\nc: d", b"a: b\rc: d", b"a: \0", b"a: \x01", b"a: \x0b", b"a: \x0c",
                   b"a: \x1b", b"a: \x7f", b"\0: b", b"a\0: b", b"(a): b", b"a/b: c", b'"a": b', b"a,b: c", b"a;b: c", b"a=b: c", b"a@b: c", b"a[]: b", b"{a}: b", b"\xe9: b", b"a\n: b")),
    kept("every sign that a name may have", get(b"!#$%&'*+-.^_`|~aZ9: b"), "200"),
    kept("every sign that a value may have", get(b"a: " + bytes([9, *range(0x20, 0x7F), *range(0x80, 0x100)])), "200"),
    *(refused(f"two headers {name.decode()}", get(name + b": a", name.lower() + b": a"))
      for name in (b"Authorization", b"Content-Type", b"Content-Encoding", b"Origin", b"Sec-Fetch-Site")),
    kept("100 headers", get(*[b"a: b"] * 99), "200"),
    closed("101 headers", get(*[b"a: b"] * 100), "431 head-too-large"),
]  # fmt: skip


def _filled(size: int, *, in_address: bool) -> bytes:
    """Return a GET whose head has this many bytes."""
    rest = size - len(get(b"a: ", first=b"GET /health/live HTTP/1.1"))
    if in_address:
        return get(b"a: ", first=b"GET /health/live%b HTTP/1.1" % (b"/" * rest))
    return get(b"a: " + b"b" * rest)


SIZES = [
    kept("a head of 32,767 bytes", _filled(32_767, in_address=False), "200"),
    kept("a head of 32,768 bytes", _filled(32_768, in_address=False), "200"),
    closed("a head of 32,769 bytes", _filled(32_769, in_address=False), "431 head-too-large"),
    kept("a long address in a head of 32,768 bytes", _filled(32_768, in_address=True), "404 unknown-route"),
    closed("a long address in a head of 32,769 bytes", _filled(32_769, in_address=True), "431 head-too-large"),
    closed("a first line that ends in 32,768 bytes", get(first=b"GET /%b HTTP/1.1" % (b"a" * 32_752)), "431 head-too-large"),
    closed("a first line that does not", get(first=b"GET /%b HTTP/1.1" % (b"a" * 32_753)), "414 address-too-long"),
    closed("an address of 65,536 bytes", get(first=b"GET /%b HTTP/1.1" % (b"a" * 65_535)), "414 address-too-long"),
    closed("an address of 65,536 bytes of a record", get(first=b"GET /api/v1/data/t/%b HTTP/1.1" % (b"a" * 65_517)), "414 address-too-long"),
    closed("an address without an end", b"GET /" + b"a" * 40_000, "414 address-too-long"),
    closed("headers without an end", LIVE[:-2] + b"a: b\r\n" * 7000, "431 head-too-large"),
]  # fmt: skip

CASES = [*H1SPEC, *UPGRADES, *CONNECTS, *CODINGS, *LENGTHS, *CHUNKS, *GRAMMAR, *SIZES]
