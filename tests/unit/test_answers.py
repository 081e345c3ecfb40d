"""What is remembered of answers."""

from ramekin.api.http import answer
from ramekin.api.http.answer import record_answer, stored_answer
from ramekin.values import codec


def test_a_record_that_is_read_again_is_answered_as_before(monkeypatch):
    monkeypatch.setattr(answer, "_known", {})
    monkeypatch.setattr(answer, "_parting", [])
    monkeypatch.setattr(answer, "MAX_KNOWN", 3)
    longest = b"x" * answer.MAX_KNOWN_BYTES
    bodies = [b"%d" % i for i in range(7)] + [longest, longest + b"x"]
    for body in [*bodies, *bodies, *bodies[::-1]]:
        assert stored_answer(body) == record_answer(body, codec.digest(body))
        assert len(answer._known) <= 3
        assert len(answer._parting) <= 2 * 3 - 4
    assert bodies[-1] not in answer._known
