"""How secrets look: the key files of a node in every form that they have, and what others' do.

What others issue is told by detect-secrets' detectors, whose tokens have a form of their own; of
our keys the rules are here. Strings that only look random are not looked for: hashes, fingerprints,
signatures and commitments are what this repository, its logs and its files are full of.
"""

import codecs
import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Final

from detect_secrets.plugins.aws import AWSKeyDetector
from detect_secrets.plugins.azure_storage_key import AzureStorageKeyDetector
from detect_secrets.plugins.base import RegexBasedDetector
from detect_secrets.plugins.github_token import GitHubTokenDetector
from detect_secrets.plugins.gitlab_token import GitLabTokenDetector
from detect_secrets.plugins.jwt import JwtTokenDetector
from detect_secrets.plugins.mailchimp import MailchimpDetector
from detect_secrets.plugins.npm import NpmDetector
from detect_secrets.plugins.openai import OpenAIDetector
from detect_secrets.plugins.pypi_token import PypiTokenDetector
from detect_secrets.plugins.sendgrid import SendGridDetector
from detect_secrets.plugins.slack import SlackDetector
from detect_secrets.plugins.square_oauth import SquareOAuthDetector
from detect_secrets.plugins.stripe import StripeDetector
from detect_secrets.plugins.twilio import TwilioKeyDetector

_DETECTORS: Final[tuple[RegexBasedDetector, ...]] = tuple(
    make()
    for make in (
        AWSKeyDetector,
        AzureStorageKeyDetector,
        GitHubTokenDetector,
        GitLabTokenDetector,
        JwtTokenDetector,
        MailchimpDetector,
        NpmDetector,
        OpenAIDetector,
        PypiTokenDetector,
        SendGridDetector,
        SlackDetector,
        SquareOAuthDetector,
        StripeDetector,
        TwilioKeyDetector,
    )
)

# Between the head of a PEM and its body: a line's end, as it is or as some language spells it.
_GAP: Final = r"(?:\\+[nr]|[\s\"'\\,+>|-]|\bb\b)*"

_TEXTS: Final[Mapping[str, re.Pattern[str]]] = {
    name: re.compile(pattern)
    for name, pattern in {
        "private key in PEM": (
            r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----"
            rf"(?:{_GAP}[A-Z][A-Za-z-]+: [^\n]*)*{_GAP}(?P<secret>[A-Za-z0-9+/]{{24,}})"
        ),
        # PKCS #8 of Ed25519, of any curve and of RSA, and SEC 1 of P-256, however the lines around
        # it were lost.
        "private key in base64": (
            r"(?P<secret>MC4CAQAwBQYDK2VwBCIEI[A-Za-z0-9+/]{20,}"
            r"|MI[GH][A-Za-z0-9+/]AgEAM[A-Za-z0-9+/]{2}GByqGSM49AgEG[A-Za-z0-9+/]{40,}"
            r"|MII[A-Za-z0-9+/]{3}IBADANBgkqhkiG9w0BAQEFAASC[A-Za-z0-9+/]{40,}"
            r"|MHcCAQEEI[A-Za-z0-9+/]{40,})"
        ),
        "private key in hexadecimal": (
            r"(?P<secret>302e020100300506032b657004220420[0-9a-f]{64}"
            r"|02010030[0-9a-f]{2}06072a8648ce3d0201[0-9a-f]{80,})"
        ),
        "private key as a JSON web key": (
            r"\{(?=[^{}]*\bkty\b)[^{}]*?['\"]d\\*['\"]\s*:\s*\\*['\"](?P<secret>[\w-]{40,})"
        ),
        "private key of PuTTY": r"Private-Lines: \d+(?:\\+n|\s|['\"])+(?P<secret>[\w+/]{24,})",
        "identity of encrypted backups": r"(?P<secret>AGE-SECRET-KEY-1[02-9AC-HJ-NP-Z]{40,})",
        "password in an address": (
            r"\b[a-z][a-z0-9+.-]*://[^\s/@:'\"`{}<>$]*:(?P<secret>[^\s/@'\"`{}<>$]{3,})@"
        ),
        # Of a connection to PostgreSQL: in an address after its question mark, or in words.
        "password of a database": (
            r"(?:[?&]|\b(?:host|hostaddr|port|user|dbname)=\S+\s+|\bPG)"
            r"(?:ssl)?(?i:password)\\*['\"]?\s*[=:]\s*\\*['\"]?"
            r"(?P<secret>[^\s&#'\"`{}<>$\\]{3,})"
        ),
        "password of a machine": (
            r"\bmachine\s+\S+\s+login\s+\S+\s+password\s+(?P<secret>[^\s'\"`{}<>$\\]{3,})"
        ),
        "bearer token": (
            r"(?i:authorization['\"]?\s*[:=]\s*['\"]?bearer)\s+(?P<secret>[\w.~+/-]{16,}=*)"
        ),
        "name and password of a request": (
            r"(?i:authorization['\"]?\s*[:=]\s*['\"]?basic)\s+(?P<secret>[A-Za-z0-9+/]{8,}=*)"
        ),
        # Alibaba's, Tencent's and Google's, which detect-secrets does not know.
        "key of a cloud": (
            r"\b(?P<secret>LTAI[A-Za-z0-9]{12,24}|AKID[A-Za-z0-9]{32}|AIza[\w-]{35})\b"
        ),
    }.items()
}
# What tests assign is made up; what nobody made up has one of the other forms.
_ASSIGNED: Final[Mapping[str, re.Pattern[str]]] = {
    "assigned secret": re.compile(
        r"(?i:\b\w*(?:passw(?:or)?d|passphrase|secret|api_?key|access_?key|auth_?token)\w*)"
        r"\\?['\"]?\s*[:=]\s*b?\\?['\"](?P<secret>[^'\"\s{}$<>\\]{8,})\\?['\"]"
    ),
    "passphrase or PIN": re.compile(
        r"HUTONG_(?:KEY_PASSPHRASE|PKCS11_PIN)\\?['\"]?\s*[=:]\s*\\?['\"]?"
        r"(?P<secret>[^\s'\"`$<>{}.,;|)\\]{4,})"
    ),
}
_BYTES: Final[Mapping[str, re.Pattern[bytes]]] = {
    # The algorithm of a key, and after it an octet string: a public key has a bit string there.
    "private key in DER": re.compile(
        rb"(?P<secret>\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20[\x00-\xff]{32}"
        rb"|\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x04[\x20-\xa0]\x30[\x00-\xff]{32}"
        rb"|\x02\x01\x00\x30[\x00-\xff]\x06\x07\x2a\x86\x48\xce\x3d\x02\x01[\x00-\xff]{40}"
        rb"|\x02\x01\x00\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01[\x00-\xff]{40}"
        rb"|\x30\x77\x02\x01\x01\x04\x20[\x00-\xff]{32}\xa0)"
    ),
    # The bags of keys, plain or under a password.
    "private key in PKCS #12": re.compile(
        rb"(?P<secret>\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x0a\x01[\x01\x02][\x00-\xff]{40})"
    ),
}
# The file of libpq: a line for each server, and the password is the last of five words.
_PGPASS: Final = re.compile(r"(?m)^(?:[^:#\s]+:){4}(?P<secret>\S{3,})$")
# What a person types, and a page can stand a word for.
_TYPED: Final = frozenset(
    {
        "password in an address",
        "password of a database",
        "password of a machine",
        "passphrase or PIN",
        "assigned secret",
    }
)
_DOCUMENT_KEY_BYTES: Final = 32
_SHOWN: Final = 16


@dataclass(frozen=True, slots=True)
class Found:
    """One secret, where it lies. It is named by a digest, and never shown."""

    rule: str
    line: int
    secret: bytes = field(repr=False)

    @property
    def digest(self) -> str:
        """The beginning of its SHA-256, by which an exception names it."""
        return hashlib.sha256(self.secret).hexdigest()[:_SHOWN]


def secrets_in(path: str, content: bytes) -> list[Found]:
    """The secrets in a file's content, by line; the path tells which rules are for it."""
    found = {(each.rule, each.line, each.digest): each for each in _each(path, content)}
    return sorted(found.values(), key=lambda each: (each.line, each.rule, each.digest))


def _each(path: str, content: bytes) -> Iterator[Found]:
    if _is_document_key(path, content):
        yield Found("document key", 1, content)
    for rule, pattern in _BYTES.items():
        for raw in pattern.finditer(content):
            yield Found(rule, content.count(b"\n", 0, raw.start()) + 1, raw["secret"])
    text = _text(content)
    yield from _of_ours(text, _TEXTS)
    if "pgpass" in PurePath(path).name:
        yield from _of_ours(text, {"password of a database": _PGPASS})
    if not path.startswith("tests/"):
        yield from _of_ours(text, _ASSIGNED)
    yield from _of_others(text)


def _text(content: bytes) -> str:
    """The text of a file; some editors write two bytes for each character."""
    wide = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return content.decode("utf-16" if wide else "utf-8", "replace")


def _of_ours(text: str, patterns: Mapping[str, re.Pattern[str]]) -> Iterator[Found]:
    for rule, pattern in patterns.items():
        for match in pattern.finditer(text):
            if rule not in _TYPED or not _stands_for_one(match["secret"]):
                yield _found(rule, text, match.start(), match["secret"])


def _of_others(text: str) -> Iterator[Found]:
    for detector in _DETECTORS:
        for denied in detector.denylist:
            for match in denied.finditer(text):
                if any(detector.analyze_string(match[0])):
                    yield _found(detector.secret_type, text, match.start(), match[0])


def _found(rule: str, text: str, start: int, secret: str) -> Found:
    return Found(rule, text.count("\n", 0, start) + 1, secret.encode())


def _is_document_key(path: str, content: bytes) -> bool:
    """Whether it is the key of documents' digests: 32 bytes that are no text."""
    if len(content) != _DOCUMENT_KEY_BYTES:
        return False
    return PurePath(path).suffix == ".key" or not content.isascii()


def _stands_for_one(secret: str) -> bool:
    """Whether it only says where a secret goes: PASSWORD, ***, 口令."""
    told = [each for each in secret if each.isalnum()]
    return all(each.isupper() or not each.isascii() for each in told)
