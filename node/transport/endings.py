"""How a call ended, in the words of this city's own table of reasons, whoever caused it."""

import contextlib
from collections.abc import Callable, Iterator

from federation.errors import HutongError
from node.errors import INTERNAL
from node.transport.listening import CANCELLED, OK


@contextlib.contextmanager
def ended(tell: Callable[[str], None]) -> Iterator[None]:
    """`tell` hears how the body ended; whatever is raised goes on."""
    reason = CANCELLED
    try:
        yield
    except HutongError as error:
        reason = error.reason.name
        raise
    except Exception:
        reason = INTERNAL.name
        raise
    else:
        reason = OK
    finally:
        tell(reason)
