"""Trust bundles that a command is given, and those that it finds beside what it verifies."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from federation.envelope import Envelope, envelope_from_json
from federation.errors import WRONG_FINGERPRINT, HutongError
from federation.identifiers import CityCode
from federation.limits import PAYLOAD_BYTES
from federation.messages import TrustBundle
from federation.trust import fingerprint, is_vouched_for, open_kept_bundle
from node.cli.values import read_file


@dataclass(frozen=True, slots=True)
class Trusted:
    """Trust bundles that the caller vouches for, by city, and what was met without any."""

    bundles: dict[CityCode, tuple[Envelope, TrustBundle]]
    fingerprints: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, paths: Sequence[str]) -> "Trusted":
        """The bundles in these files."""
        found = {}
        for path in paths:
            _, content = read_file(path, most=4 * PAYLOAD_BYTES)
            envelope = envelope_from_json(content, where=path)
            opened = open_kept_bundle(envelope)
            found[opened.message.header.issuer] = (envelope, opened.message)
        return cls(found)

    def vouched(self, envelopes: Sequence[Envelope]) -> list[Envelope]:
        """These and the trusted ones; raises WRONG_FINGERPRINT for one that no trusted root made.

        Of a city without a trusted bundle the fingerprint is told, for people to compare.
        """
        for envelope in envelopes:
            opened = open_kept_bundle(envelope)
            city = opened.message.header.issuer
            known = self.bundles.get(city)
            if known is None:
                self.fingerprints[city] = fingerprint(envelope)
            elif not is_vouched_for(opened, known[1]):
                expected, actual = fingerprint(known[0]), fingerprint(envelope)
                raise HutongError(WRONG_FINGERPRINT, expected=expected, actual=actual)
        return [*(envelope for envelope, _ in self.bundles.values()), *envelopes]
