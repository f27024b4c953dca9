"""Two sides of an onboarding, Hangzhou joining and Zhengzhou inviting, from fixed seeds."""

from dataclasses import dataclass

from federation.envelope import Envelope
from federation.identifiers import CityCode
from federation.onboarding import Exchanged, Inviting, Joining, Party, Secret
from tests.federation.make import HANGZHOU, NOW, ZHENGZHOU, bundle, sealed_bundle

CODE = b"\x01\x02\x03"
OTHER_CODE = b"\x01\x02\x04"
SEEDS = {"joiner": b"j" * 32, "inviter": b"i" * 32, "middle": b"m" * 32}


def certificate(city: CityCode) -> bytes:
    return bundle(city).tls_certificates[0]


def party(city: CityCode, envelope: Envelope | None = None, der: bytes | None = None) -> Party:
    return Party(city, der or certificate(city), envelope or sealed_bundle(bundle(city)))


def joiner(code: bytes = CODE, own: Party | None = None, seed: str = "joiner") -> Joining:
    return Joining(Secret(code, SEEDS[seed]), own or party(HANGZHOU))


def inviter(code: bytes = CODE, own: Party | None = None, seed: str = "inviter") -> Inviting:
    return Inviting(Secret(code, SEEDS[seed]), own or party(ZHENGZHOU), HANGZHOU)


@dataclass
class Line:
    """A connection between two sides; `seen` is the certificate that it shows."""

    joining: Joining
    inviting: Inviting
    seen: bytes = certificate(ZHENGZHOU)

    def swap(self) -> tuple[Exchanged, Exchanged]:
        """What the joiner and the inviter believe in the end."""
        said = self.joining.hello()
        answer = self.inviting.hello(said)
        finish = self.joining.finish(answer, self.seen)
        there = self.inviting.open(said, finish, NOW, tries_left=2)
        here = self.joining.open(answer, self.seen, self.inviting.finish(said), NOW)
        return here, there
