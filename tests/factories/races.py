"""Several pieces of work at the same moment, each in a transaction and thread of its own, on a real database."""

from __future__ import annotations

import threading
from collections.abc import Callable

from sqlalchemy.orm import Session

from domains.kernel.database import Database
from domains.kernel.errors import DomainError

Work = Callable[[Session], object]


def at_once(db: Database, *works: Work) -> list[str]:
    """Do all works at one moment; gives how each ended (done, an error's code, or what broke), sorted."""
    start, ended = threading.Barrier(len(works)), []

    def run(work: Work) -> None:
        start.wait(10)
        try:
            with db.begin() as session:
                work(session)
            ended.append("done")
        except DomainError as no:
            ended.append(no.code)
        except Exception as error:
            ended.append(repr(error))

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return sorted(ended)
