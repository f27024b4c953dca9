"""What an operator loads: the city's scale and its incentives, validated whole, versioned."""

from dataclasses import dataclass

from federation import codec
from federation.envelope import seal
from federation.limits import STATEMENT_LIFETIME
from federation.scale import Scale
from node.errors import FILE_INVALID, NOTHING_IN_FORCE, HutongError
from node.files import parse_incentives, parse_scale
from node.incentives import Catalogue
from node.limits import FILE_BYTES
from node.logbook import LogKind
from node.ports import Keys, Transaction
from node.registry import OwnScale, Registry
from node.services.catalogue_diff import CatalogueDiff, compare, homes_of
from node.services.deciding import facts_of
from node.services.here import Here


@dataclass(frozen=True, slots=True)
class Loaded:
    """What is in force now; `changed` is False where the same content was in force already."""

    name: str
    version: int
    count: int
    changed: bool


class CatalogueDesk:
    """Puts scales and incentives in force."""

    def __init__(self, here: Here, keys: Keys) -> None:
        """For the city of `here`."""
        self._here = here
        self._keys = keys

    def load_scale(self, tx: Transaction, file_name: str, content: bytes) -> Loaded:
        """Put a scale in force.

        Agreements that name another version are not in use until they are amended; every version
        is kept, for what was agreed to be read.
        """
        now = self._here.now()
        current = tx.registry.own_scale()
        version = current.scale.version if current else 0
        text = _text(file_name, content)
        if current and current.content == text:
            return Loaded(current.scale.scale_id, version, len(current.scale.bands), changed=False)
        scale = parse_scale(file_name, content, city=self._here.city, version=version + 1)
        if current and current.scale.scale_id != scale.scale_id:
            raise HutongError(
                FILE_INVALID,
                file=file_name,
                where="scale_id",
                problem=f"this city's scale is {current.scale.scale_id}; keep that id",
            )
        exported = scale.exported(self._here.header((), now, STATEMENT_LIFETIME))
        envelope = seal(codec.SCORE_SCALE, exported, [self._keys])
        reference = codec.scale_reference(exported)
        tx.administration.put_own_scale(OwnScale(scale, exported, envelope, text, reference))
        self._here.trace(tx, LogKind.ADMINISTRATIVE, envelope.payload, now)
        return Loaded(scale.scale_id, scale.version, len(scale.bands), changed=True)

    def load_incentives(self, tx: Transaction, file_name: str, content: bytes) -> Loaded:
        """Put a catalogue in force; bands that it names are of the scale in force."""
        now = self._here.now()
        current = tx.registry.catalogue
        if current and current.content == _text(file_name, content):
            return Loaded("", current.version, len(current.incentives), changed=False)
        catalogue, _ = self._parse(tx.registry, file_name, content)
        tx.administration.put_catalogue(catalogue)
        self._here.trace(tx, LogKind.ADMINISTRATIVE, content, now)
        return Loaded("", catalogue.version, len(catalogue.incentives), changed=True)

    def diff_incentives(self, registry: Registry, file_name: str, content: bytes) -> CatalogueDiff:
        """Who would gain and who would lose by a catalogue; nothing changes.

        Raises what `load_incentives` raises.
        """
        catalogue, scale = self._parse(registry, file_name, content)
        homes = homes_of(self._here, registry)
        now = facts_of(self._here, registry, None, self._here.now())
        return compare(registry.catalogue, catalogue, scale, homes, now)

    def _parse(self, registry: Registry, file_name: str, content: bytes) -> tuple[Catalogue, Scale]:
        own, current = registry.own_scale(), registry.catalogue
        if own is None:
            raise HutongError(NOTHING_IN_FORCE, what="scale", command="hutong scale load FILE")
        version = current.version + 1 if current else 1
        return parse_incentives(
            file_name, content, city=self._here.city, scale=own.scale, version=version
        ), own.scale


def _text(file_name: str, content: bytes) -> str:
    if len(content) > FILE_BYTES:
        raise HutongError(
            FILE_INVALID,
            file=file_name,
            where="whole file",
            problem=f"it has {len(content)} bytes; at most {FILE_BYTES} are taken",
        )
    return content.decode("utf-8", errors="replace")
