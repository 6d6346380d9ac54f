"""The inside of a worker process: ``python -m voxpress.executors.worker DESCRIPTOR``.

Reads calls from the socket at that file descriptor, runs them one after the other, and writes what came of each.
"""

from __future__ import annotations

import os
import pickle
import select
import sys
import threading
from multiprocessing.connection import Connection


def serve(connection: Connection) -> None:
    """Run calls until the other end hangs up."""
    while True:
        try:
            call = connection.recv_bytes()
        except EOFError:
            return
        try:
            function, args, kwargs = pickle.loads(call)
            answer = pickle.dumps((True, function(*args, **kwargs)), pickle.HIGHEST_PROTOCOL)
        except Exception as error:  # whatever it is, the caller's future carries it
            answer = _pickle(error)
        try:
            connection.send_bytes(answer)
        except OSError:
            return  # nobody is there to hear it


def _pickle(error: Exception) -> bytes:
    try:
        answer = pickle.dumps((False, error), pickle.HIGHEST_PROTOCOL)
        pickle.loads(answer)  # some exceptions pickle, but cannot be built again
    except Exception:  # as above
        answer = pickle.dumps((False, RuntimeError(f"{type(error).__name__}: {error}")))
    return answer


def _end_with_owner(descriptor: int) -> None:
    """End this process as soon as the other end of the socket is gone, whatever it is doing: nobody waits for it."""
    poll = select.poll()
    poll.register(descriptor, 0)  # hanging up is told unasked
    poll.poll()
    os._exit(0)


def main() -> None:
    """Serve the socket whose descriptor is the program's argument."""
    descriptor = int(sys.argv[1])
    threading.Thread(target=_end_with_owner, args=[descriptor], daemon=True).start()
    serve(Connection(descriptor))


if __name__ == "__main__":
    main()
