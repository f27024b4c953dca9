"""A call between two nodes that know of each other only certificates that are not in use any more.

After a long cut both may have new ones. The caller tries the certificates that it had, newest
first, and takes the one that the partner shows as it is. So nothing may be said on such a line but
trust bundles: they prove themselves by their root's signatures, and hold no secret.
"""

import asyncio
import contextlib
import ssl
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

import grpc

from federation.messages import Endpoint
from node import deadlines, limits
from node.certificates import Identity
from node.registry import Partner
from node.transport import credentials

T = TypeVar("T")


async def first_answer(
    partner: Partner,
    identities: Sequence[Identity],
    options: Sequence[tuple[str, Any]],
    attempt: Callable[[grpc.aio.Channel], Awaitable[T]],
) -> T:
    """The first answer that any endpoint gives to any of our certificates.

    Raises what the last attempt did, TimeoutError where no endpoint answers at all.
    """
    failure: Exception = TimeoutError()
    async with asyncio.timeout(deadlines.within(limits.REUNION_DEADLINE.total_seconds())):
        for endpoint in partner.bundle.endpoints:
            shown = await shown_by(endpoint)
            if shown is None:
                continue
            for own in identities:
                roots = b"".join((*credentials.pins(partner).values(), shown))
                channel = _channel(partner, endpoint, roots, own, options)
                try:
                    return await attempt(channel)
                except grpc.aio.AioRpcError as error:
                    if error.code() is not grpc.StatusCode.UNAVAILABLE:
                        raise
                    failure = error
                finally:
                    await channel.close(None)
    raise failure


async def shown_by(endpoint: Endpoint) -> bytes | None:
    """The certificate in PEM that a TLS server shows, verified by nobody; None without any."""
    seconds = limits.SHOWN_DEADLINE.total_seconds()
    address = (endpoint.host, endpoint.port)

    def look() -> bytes | None:
        with contextlib.suppress(OSError, ValueError):
            return ssl.get_server_certificate(address, timeout=seconds).encode("ascii")
        return None

    return await asyncio.to_thread(look)


def _channel(
    partner: Partner,
    endpoint: Endpoint,
    roots: bytes,
    own: Identity,
    options: Sequence[tuple[str, Any]],
) -> grpc.aio.Channel:
    return grpc.aio.secure_channel(
        str(endpoint),
        grpc.ssl_channel_credentials(roots, own.key, own.certificate),
        options=(*options, credentials.partner_name(partner.city)),
    )
