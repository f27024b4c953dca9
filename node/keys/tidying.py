"""Removes private keys that are over, and those of a piece of work that was never finished.

What a partner may still know is kept: every certificate that was in use once, unless it was
revoked. The caller holds the lock of the folder.
"""

import itertools
from collections.abc import Iterable

from cryptography import x509

from federation.messages import TrustBundle
from node.certificates import pem_to_der
from node.keys.current import certificates_of, current_certificate, shown_from
from node.keys.files import read_signer, read_x509, remove_identity
from node.keys.folder import KeyFolder
from node.keys.token import Token


def tidy(
    folder: KeyFolder,
    published: tuple[TrustBundle, ...],
    draft: TrustBundle | None,
    *,
    passphrase: bytes | None,
    token: Token | None,
) -> None:
    """Keep what the newest bundle or the draft names, and what partners may know; remove the rest.

    In a token only keys are destroyed that an older bundle names: others may use it too.
    """
    wanted = [published[-1], *([draft] if draft else [])]
    _tidy_keys(folder, "signing", {i for b in wanted for i in _signing(b)}, passphrase)
    _tidy_keys(folder, "root", {k.key_id for b in wanted for k in b.root_keys}, passphrase)
    named = {der for b in (*published, *wanted) for der in b.tls_certificates}
    gone = revoked_certificates(published)
    for path in folder.certificates("peer"):
        der = pem_to_der(read_x509(path))
        if der not in named or der in gone:
            remove_identity(path)
    for key in folder.keys("peer"):
        if not key.with_suffix(".crt").exists():
            key.unlink()
    for part in folder.root.glob(".*.part"):
        part.unlink()
    if token is not None:
        _tidy_token(token, published, wanted)


def revoked_certificates(published: tuple[TrustBundle, ...]) -> frozenset[bytes]:
    """The certificates dropped before they had a successor: nobody is shown them again."""
    gone = set[bytes]()
    for before, after in itertools.pairwise(published):
        in_use = current_certificate(certificates_of(before), after.header.issued_at)
        for der in set(before.tls_certificates) - set(after.tls_certificates):
            dropped = x509.load_der_x509_certificate(der)
            if in_use is not None and shown_from(dropped) >= shown_from(in_use):
                gone.add(der)
    return frozenset(gone)


def _signing(bundle: TrustBundle) -> Iterable[str]:
    return (key.key_id for key in bundle.signing_keys if key.revoked_at is None)


def _tidy_keys(folder: KeyFolder, stem: str, keep: set[str], passphrase: bytes | None) -> None:
    for path in folder.keys(stem):
        if read_signer(path, passphrase).key_id not in keep:
            path.unlink()


def _tidy_token(
    token: Token, published: tuple[TrustBundle, ...], wanted: list[TrustBundle]
) -> None:
    keep = {i for b in wanted for i in (*_signing(b), *(k.key_id for k in b.root_keys))}
    before = published[-2] if len(published) > 1 else published[-1]
    for stem, keys in (("signing", before.signing_keys), ("root", before.root_keys)):
        for key in keys:
            if key.key_id not in keep:
                token.forget(stem, key)
