"""Pairwise pseudonyms: a host knows a resident by a name that no other city can link (rule 5)."""

import hashlib
import hmac

from federation.identifiers import CityCode

_CONTEXT = b"hutong pairwise pseudonym v1\0"


def pairwise_pseudonym(secret: bytes, host: CityCode) -> bytes:
    """The 32 bytes by which `host` knows the resident of this 32-byte secret.

    HMAC-SHA256 under a random secret of the resident's own: two hosts' pseudonyms of one person
    look unrelated, and deleting the secret leaves nothing that leads back.
    """
    return hmac.digest(secret, _CONTEXT + host.encode(), hashlib.sha256)
