"""Makes keys and publishes bundles: the only place that writes into a city's key folder.

Each piece of work holds the lock of the folder, so that several processes of the city take turns.
Keys are written before the bundle that names them: a crash leaves keys that no bundle names, and
the next piece of work removes them. What is over is removed last.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from federation import codec
from federation.envelope import (
    Envelope,
    Verified,
    envelope_from_json,
    envelope_to_json,
    seal,
)
from federation.errors import MISSING_SIGNATURE, HutongError
from federation.identifiers import CityCode
from federation.keys import Ed25519Signer, Signer
from federation.messages import TrustBundle
from federation.trust import open_next_bundle
from node.certificates import (
    Identity,
    ends_at,
    local_server_identity,
    peer_identity,
    pem_to_der,
    server_names,
)
from node.errors import KEYS_CHANGED
from node.keys.bundles import Published, locked, publish, read_published
from node.keys.current import fingerprint_of
from node.keys.files import (
    private_pem,
    read_certificate,
    read_key,
    read_newest_identity,
    read_signer,
    remove_identity,
    replace_whole,
    unusable,
    write_identity,
)
from node.keys.folder import KeyFolder
from node.keys.planning import Made, Plan, next_bundle
from node.keys.tidying import tidy
from node.keys.token import MadeSigner, Token
from node.limits import KEY_RENEWAL, PEER_CERTIFICATE_LIFETIME, TLS_LIFETIME
from node.ports import Clock

PlanOf = Callable[[TrustBundle], Plan | None]


@dataclass(frozen=True, slots=True)
class Work:
    """What came of it: a published bundle, or a draft that root keys elsewhere must sign."""

    bundle: TrustBundle
    draft: Path | None = None


class Workshop:
    """The workshop of one city."""

    def __init__(
        self,
        city: CityCode,
        folder: KeyFolder,
        clock: Clock,
        *,
        passphrase: bytes | None = None,
        token: Token | None = None,
        contact: str = "",
    ) -> None:
        """Work in `folder`; new keys go under the passphrase, or into the token.

        `contact` goes into every new bundle.
        """
        self._city = city
        self._folder = folder
        self._clock = clock
        self._passphrase = passphrase
        self._token = token
        self.contact = contact

    def carry_out(
        self, plan_of: PlanOf, statement_id: str, *, after: int, may_draft: bool
    ) -> Work | None:
        """Do what `plan_of` wants of the newest bundle, and publish the next one.

        None where nothing is wanted. Where a bundle of that statement id was made before, it is
        that one. A draft is written where the root keys at hand do not reach the threshold.

        Raises:
            HutongError: KEYS_CHANGED, where the newest bundle is not `after`; MISSING_SIGNATURE,
                where the root keys are elsewhere and no draft may be made; KEY_UNUSABLE.

        """
        with locked(self._folder):
            published = read_published(self._folder)
            for each in published:
                if each.bundle.header.statement_id == statement_id:
                    return Work(each.bundle)
            newest = published[-1].bundle
            if (draft := self._draft(newest.sequence + 1)) is not None:
                bundle = codec.TRUST_BUNDLE.decode(draft.payload)
                if bundle.header.statement_id == statement_id:
                    return Work(bundle, self._folder.draft_of(bundle.sequence))
            if newest.sequence != after:
                raise HutongError(KEYS_CHANGED, expected=str(after), actual=str(newest.sequence))
            plan = plan_of(newest)
            if plan is None:
                return None
            plan = replace(plan, contact=self.contact)
            return self._carry_out(plan, published, statement_id, may_draft=may_draft)

    def _carry_out(
        self, plan: Plan, published: tuple[Published, ...], statement_id: str, *, may_draft: bool
    ) -> Work:
        old = self._roots(plan.base)
        enough = len(old) >= plan.base.root_threshold
        if not enough and not may_draft:
            found, needed = str(len(old)), str(plan.base.root_threshold)
            raise HutongError(MISSING_SIGNATURE, city=self._city, found=found, needed=needed)
        # A draft that waits gives way: it would follow another bundle than the newest.
        self._folder.draft_of(plan.base.sequence + 1).unlink(missing_ok=True)
        self._tidy(published)
        signing = self._make("signing") if plan.signing else None
        identity = self._make_identity(plan) if plan.tls else None
        new = [self._make("root") for _ in range(plan.roots)]
        made = Made(
            signing.public_key if signing else None,
            identity.der() if identity else None,
            tuple(each.public_key for each in new),
        )
        bundle = next_bundle(plan, made, statement_id)
        envelope = seal(codec.TRUST_BUNDLE, bundle, [*old, *new])
        if not enough:
            return Work(bundle, self._write_draft(bundle.sequence, envelope))
        return Work(self._publish(published, envelope).bundle)

    def publish(self, envelope: Envelope) -> TrustBundle:
        """Publish a draft that enough root keys have signed; once more is no change.

        Raises:
            HutongError: why no partner would believe it; KEYS_CHANGED, where it follows another
                bundle than the newest; KEY_UNUSABLE, where the node does not hold its keys.

        """
        with locked(self._folder):
            published = read_published(self._folder)
            for each in published:
                if each.envelope.payload == envelope.payload:
                    return each.bundle
            newest = published[-1].bundle
            opened = self._open(newest, envelope)
            if opened.message.sequence != newest.sequence + 1:
                expected, actual = str(opened.message.sequence - 1), str(newest.sequence)
                raise HutongError(KEYS_CHANGED, expected=expected, actual=actual)
            self._check_at_hand(opened.message)
            return self._publish(published, envelope).bundle

    def renew_local(self) -> bool:
        """Make the local port's certificate anew where it nears its end; whether it did."""
        now = self._clock.now()
        with locked(self._folder):
            newest = read_newest_identity(self._folder, "local", self._passphrase)
            if now < ends_at(newest.certificate) - KEY_RENEWAL:
                return False
            before = self._folder.certificates("local")
            ca = Identity(
                read_certificate(self._folder.ca_certificate),
                private_pem(read_key(self._folder.ca_key, self._passphrase)),
            )
            hosts = server_names(newest.certificate)
            made = local_server_identity(self._city, ca, hosts, now=now, life=TLS_LIFETIME)
            fingerprint = fingerprint_of(x509.load_pem_x509_certificate(made.certificate))
            write_identity(self._folder.key_of("local", fingerprint), made, self._passphrase)
            for path in before:
                remove_identity(path)
            return True

    def _publish(self, published: tuple[Published, ...], envelope: Envelope) -> Published:
        newest = published[-1].bundle
        # As each partner will: what they would not believe is never published.
        self._open(newest, envelope)
        made = publish(self._folder, envelope, after=newest.sequence)
        self._folder.draft_of(made.bundle.sequence).unlink(missing_ok=True)
        self._tidy((*published, made))
        return made

    def _tidy(self, published: tuple[Published, ...]) -> None:
        draft = self._draft(published[-1].bundle.sequence + 1)
        waiting = codec.TRUST_BUNDLE.decode(draft.payload) if draft else None
        bundles = tuple(each.bundle for each in published)
        tidy(self._folder, bundles, waiting, passphrase=self._passphrase, token=self._token)

    def _check_at_hand(self, bundle: TrustBundle) -> None:
        """Refuse a bundle by which this node could not go on: it must hold what will be in use."""
        now = self._clock.now()
        held = {read_signer(p, self._passphrase).key_id for p in self._folder.keys("signing")}
        for key in bundle.signing_keys:
            if key.revoked_at is not None or key.not_after <= now or key.key_id in held:
                continue
            if self._token is None or self._token.signer("signing", key) is None:
                path = self._folder.key_of("signing", key.key_id)
                raise unusable(path, "the bundle names its key, and this node does not hold it")
        shown = {pem_to_der(read_certificate(p)) for p in self._folder.certificates("peer")}
        for der in bundle.tls_certificates:
            if der not in shown:
                fingerprint = fingerprint_of(x509.load_der_x509_certificate(der))
                path = self._folder.key_of("peer", fingerprint).with_suffix(".crt")
                raise unusable(path, "the bundle names it, and this node does not hold it")

    def _open(self, newest: TrustBundle, envelope: Envelope) -> Verified[TrustBundle]:
        now = self._clock.now()
        return open_next_bundle(newest, envelope, audience=self._city, now=now)

    def roots_at_hand(self, bundle: TrustBundle) -> int:
        """How many of the root keys of `bundle` lie here and count."""
        return len(self._roots(bundle))

    def _roots(self, bundle: TrustBundle) -> list[Signer]:
        now = self._clock.now()
        counting = [key for key in bundle.root_keys if key.valid_at(now)]
        found: dict[str, Signer] = {}
        for path in self._folder.keys("root"):
            signer = read_signer(path, self._passphrase)
            found[signer.key_id] = signer
        for key in counting if self._token else ():
            held = self._token.signer("root", key) if self._token else None
            if held is not None:
                found[key.key_id] = held
        return [found[key.key_id] for key in counting if key.key_id in found]

    def _make(self, stem: str) -> MadeSigner:
        if self._token is not None:
            return self._token.make(stem)
        key = Ed25519PrivateKey.generate()
        signer = Ed25519Signer.from_seed(key.private_bytes_raw())
        path = self._folder.key_of(stem, signer.key_id)
        replace_whole(path, private_pem(key, self._passphrase))
        return signer

    def _make_identity(self, plan: Plan) -> Identity:
        made = peer_identity(self._city, now=plan.switch, life=PEER_CERTIFICATE_LIFETIME)
        fingerprint = fingerprint_of(x509.load_pem_x509_certificate(made.certificate))
        write_identity(self._folder.key_of("peer", fingerprint), made, self._passphrase)
        return made

    def _draft(self, sequence: int) -> Envelope | None:
        path = self._folder.draft_of(sequence)
        if not path.exists():
            return None
        return envelope_from_json(read_certificate(path), where=str(path))

    def _write_draft(self, sequence: int, envelope: Envelope) -> Path:
        path = self._folder.draft_of(sequence)
        self._folder.drafts.mkdir(mode=0o700, exist_ok=True)
        replace_whole(path, envelope_to_json(envelope).encode())
        return path
