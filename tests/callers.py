"""For whom tests work: a test arranges and looks at everybody's rows; the requests it makes work for their callers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from domains.kernel.tenancy import Scope, work_as

work_as(Scope.system("tests"))


@contextmanager
def as_in_a_web_process() -> Iterator[None]:
    """Within it this process works for nobody but the callers of its requests, as a web process does."""
    work_as(None)
    try:
        yield
    finally:
        work_as(Scope.system("tests"))
