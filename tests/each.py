"""Tables of cases, as one test: `parametrize` takes longer to collect a thousand of them than to run them."""

from __future__ import annotations

import inspect
from functools import wraps
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Collection


def each(cases: Collection[Any], name: Callable[[Any], object] = repr) -> Callable[[Callable[..., None]], Any]:
    """Hand a test each case, as its first argument, and fail with all that do not hold, by their names."""

    def of(test: Callable[..., None]) -> Any:
        @wraps(test)
        def every(**fixtures: Any) -> None:
            wrong: list[BaseException] = []
            for case in cases:
                try:
                    test(case, **fixtures)
                except (Exception, pytest.fail.Exception) as error:
                    error.add_note(f"case: {name(case)}")
                    wrong.append(error)
            if wrong:
                raise BaseExceptionGroup(f"{len(wrong)} of {len(cases)} cases do not hold", wrong)

        signature = inspect.signature(test)
        every.__signature__ = signature.replace(parameters=list(signature.parameters.values())[1:])
        return every

    return of
