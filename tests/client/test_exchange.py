"""When a call is sent again: told as a table, without sockets or clocks."""

import json

import httpx2
import pytest

from ramekin import errors
from ramekin.client import Client
from ramekin.client.calls import TableCalls
from ramekin.client.exchange import Call, Lost, exchange
from ramekin.client.replies import NoAnswer, Reply
from tests.each import each

GOOD = Reply(200, {}, b"{}")
UNREACHED, UNANSWERED = Lost(False, "refused"), Lost(True, "reset")


def problem(status, code, **headers):
    body = json.dumps({"code": code, "detail": "so it is", "instance": "1-1"}).encode()
    return Reply(
        status,
        {"content-type": "application/problem+json"} | {k.replace("_", "-"): v for k, v in headers.items()},
        body,
    )


LIMITED = problem(429, "rate-limited", retry_after="2")
BUSY, UNKNOWN = problem(503, "overloaded", retry_after="1"), problem(503, "outcome-unknown")
LATER = problem(503, "starting", retry_after="31")
PROXY = Reply(502, {"content-type": "text/html"}, b"<h1>Bad Gateway</h1>")
MISSING, FULL = problem(404, "record-not-found"), problem(507, "memory-limit")


def run(outcomes, *, is_repeatable, servers=1, attempts=4):
    """Return what came of a call whose sendings end so, and the sendings: which server, after how long."""
    steps = exchange(
        Call("GET", "/", lambda reply: reply, is_repeatable=is_repeatable), servers, 0, attempts, lambda count: 0
    )
    sendings, sending = [], next(steps)
    for outcome in outcomes:
        sendings.append((sending.server, sending.wait_s))
        try:
            sending = steps.send(outcome)
        except StopIteration as ended:
            return ended.value[0], sendings
        except errors.RamekinError as error:
            return type(error), sendings
    return None, sendings


@pytest.mark.parametrize(
    ("first", "again_if_repeatable", "again_otherwise"),
    [
        (UNREACHED, True, True),
        (UNANSWERED, True, False),
        (LIMITED, True, True),
        (BUSY, True, True),
        (UNKNOWN, True, False),
        (problem(503, "on-purpose"), True, False),
        (PROXY, True, False),
        (LATER, False, False),
        (MISSING, False, False),
        (FULL, False, False),
        (Reply(307, {}, b""), False, False),
    ],
    ids=lambda value: str(getattr(value, "status", getattr(value, "reason", value))),
)
def test_a_call_is_sent_again_only_where_nothing_can_come_of_it_twice(first, again_if_repeatable, again_otherwise):
    for is_repeatable, is_again in ((True, again_if_repeatable), (False, again_otherwise)):
        came, sendings = run([first, GOOD], is_repeatable=is_repeatable)
        assert (came is GOOD, len(sendings)) == (is_again, 1 + is_again)


def test_waits_grow_and_are_as_long_as_the_server_asks():
    _, sendings = run([UNREACHED, LIMITED, UNREACHED, GOOD], is_repeatable=True)
    assert sendings == [(0, 0), (0, 0.05), (0, 2), (0, 0.2)]


def test_attempts_have_an_end():
    assert run([BUSY] * 9, is_repeatable=True, attempts=3) == (errors.Overloaded, [(0, 0), (0, 1), (0, 1)])


def test_each_attempt_goes_to_the_next_server():
    came, sendings = run([UNREACHED, UNREACHED, GOOD], is_repeatable=False, servers=2)
    assert came is GOOD
    assert [server for server, _ in sendings] == [0, 1, 0]


def test_what_no_one_answers_is_told():
    assert run([UNANSWERED], is_repeatable=False)[0] is NoAnswer
    assert run([PROXY], is_repeatable=False)[0] is NoAnswer


@each(errors.all_errors())
def test_every_problem_is_raised_as_the_class_of_its_code(kind):
    came, _ = run([problem(400, kind.code)], is_repeatable=False)
    assert came is kind


def test_a_code_that_is_new_is_an_error_too():
    assert run([problem(499, "made-tomorrow")], is_repeatable=False)[0] is errors.RamekinError


def test_a_change_by_condition_is_told_as_it_happened_or_not_at_all():
    """Sent again, it would find nothing left to change, and say so."""
    table = TableCalls("pets", dict)
    assert not table.patch_where([], {"age": 5}, None, all=True).is_repeatable
    assert not table.delete_where([], None, all=True).is_repeatable


def test_a_stream_that_leads_elsewhere_is_told_and_closed():
    sent = []

    def answer(request):
        sent.append(httpx2.Response(307, headers={"location": "/elsewhere"}, stream=httpx2.ByteStream(b"go on")))
        return sent[-1]

    with httpx2.Client(transport=httpx2.MockTransport(answer)) as http, pytest.raises(NoAnswer, match="status 307"):
        list(Client("http://127.0.0.1", http=http).table("pets").all())
    assert sent[0].is_closed


def test_pages_of_the_servers_own_length_are_asked_for_where_ours_are_too_long():
    too_long, smaller = problem(400, "limit-too-large"), Call("GET", "/smaller", str)
    steps = exchange(Call("GET", "/", str, smaller=smaller), 1, 0, 1)
    assert next(steps).call.path == "/"
    assert steps.send(too_long).call is smaller
    with pytest.raises(StopIteration) as ended:
        steps.send(GOOD)
    assert ended.value.value == (GOOD, 0)
    steps = exchange(Call("GET", "/", str), 1, 0, 4)
    next(steps)
    with pytest.raises(errors.LimitTooLarge):
        steps.send(too_long)


@pytest.mark.parametrize(("body", "is_sent_again"), [([b"{", b"}"], True), (iter([b"{}"]), False), (b"{}", True)])
def test_pieces_that_begin_anew_are_sent_again(body, is_sent_again):
    steps = exchange(Call("POST", "/", lambda reply: reply, body, is_repeatable=True), 1, 0, 4, lambda count: 0)
    next(steps)
    if is_sent_again:
        assert steps.send(UNANSWERED).call.body is body
        return
    with pytest.raises(NoAnswer):
        steps.send(UNANSWERED)
