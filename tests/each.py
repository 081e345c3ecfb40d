"""Tables of cases: many small ones as one test, which `parametrize` would collect longer than they run, and few of those
that take long."""

from __future__ import annotations

import inspect
from functools import wraps
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


def each(cases: Iterable[Any], name: Callable[[Any], object] = repr) -> Callable[[Callable[..., None]], Any]:
    """Hand a test each case, as its first argument, and fail with all that do not hold, by their names."""

    listed = list(cases)

    def of(test: Callable[..., None]) -> Any:
        @wraps(test)
        def every(**fixtures: Any) -> None:
            wrong: list[BaseException] = []
            for case in listed:
                try:
                    test(case, **fixtures)
                except (Exception, pytest.fail.Exception) as error:
                    error.add_note(f"case: {name(case)}")
                    wrong.append(error)
            if wrong:
                raise BaseExceptionGroup(f"{len(wrong)} of {len(listed)} cases do not hold", wrong)

        signature = inspect.signature(test)
        every.__signature__ = signature.replace(parameters=list(signature.parameters.values())[1:])
        return every

    return of


def first(count: int, cases: Iterable[Any]) -> list[Any]:
    """Return cases for `parametrize`: the first for each change, the rest for `make test-all`."""
    return [case if i < count else pytest.param(case, marks=pytest.mark.long) for i, case in enumerate(cases)]
