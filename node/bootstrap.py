"""Puts a node together: the only place that knows every concrete class."""

import asyncio
import contextlib
import functools
import gc
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import structlog
import uvloop

from federation import codec
from federation.envelope import Envelope
from federation.messages import Endpoint
from node import initialise, limits, load_limits
from node.anchor import FileAnchor
from node.clock import SystemClock, SystemEntropy
from node.config import Settings, read_settings
from node.errors import NOT_INITIALISED, HutongError
from node.initialise import (
    ClientFiles,
    default_client,
    init_node,
    issue_client,
)
from node.keys import FileKeys, KeyFolder
from node.keys.bundles import read_published
from node.keys.files import read_certificate
from node.keys.opening import key_access
from node.lifecycle import (
    alive,
    either,
    end_at_once_when_told,
    every,
    tell_manager,
    told_to_stop,
    watchdog_interval,
)
from node.logs import configure_logs, tell_all_held, tell_held
from node.machine import disk, examine_machine
from node.memory import give_back
from node.model import Finding
from node.ports import Clock, Keys, UnitOfWork
from node.services.assembly import UseCases, assemble
from node.services.here import Here
from node.services.timers import Timer, close, timers
from node.store import Store, open_room, open_store
from node.store.copying import open_copy, open_sums
from node.store.log_snapshot import LogSnapshot, open_log
from node.store.looking import schema_finding
from node.transport.health import LOG, SIGNING, STORE
from node.transport.listening import unmetered, untraced
from node.transport.local_client import LocalClient, local_client
from node.transport.metrics import LOCAL, PEER, Metrics
from node.transport.onboarding import GrpcDoor
from node.transport.outgoing import unwatched
from node.transport.peers import GrpcPeers
from node.transport.pressure import Pressure
from node.transport.scraping import Samples, scrape
from node.transport.servers import Port, local_port, peer_port
from node.transport.shares import CLIENT, PARTNER

if TYPE_CHECKING:
    from node.bulk.desk import Desk
    from node.transport.traces import Traces

__all__ = [
    "ClientFiles",
    "LocalClient",
    "Samples",
    "default_client",
    "examine_files",
    "init_node",
    "issue_client",
    "local_client",
    "own_bundle",
    "own_log",
    "read_settings",
    "scrape",
    "serve",
    "whole_city",
]

_LOG = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Node:
    """What a running node is made of."""

    clock: Clock
    store: Store
    keys: FileKeys
    cases: UseCases
    door: GrpcDoor
    ports: tuple[Port, Port]
    pressure: Pressure

    async def look(self) -> None:
        """Say on both ports whether an answer given now could be kept, and would be believed.

        On the local one also what hinders it; raises the first thing that does.
        """
        faults = {SIGNING: await _fault(self._sign), STORE: await _fault(self.store.probe)}
        if faults[STORE] is None:
            # Else there is no log to look at, and what was said of it last stands.
            faults[LOG] = await _fault(self.cases.witnessing.hold)
        parts = {part: fault is None for part, fault in faults.items()}
        for port in self.ports:
            await port.say(serving=all(parts.values()), parts=parts)
        for fault in faults.values():
            if fault is not None:
                raise fault

    async def _sign(self) -> None:
        # Another process of this city may have changed the keys: those in use now are looked at.
        self.cases.key_desk.notice()
        self.keys.probe(self.clock)

    def timers(self) -> tuple[Timer, ...]:
        """What is done again and again: of the process, of its store, and of the city."""
        return (
            # What another process of this city decided is seen also where this one cannot serve.
            Timer("registry", limits.HEALTH_EVERY, self.store.refresh),
            Timer("health", limits.HEALTH_EVERY, self.look),
            Timer("pressure", load_limits.PRESSURE_EVERY, self.pressure.tick),
            Timer("examine", limits.EXAMINE_EVERY, self.examine),
            Timer("logs", limits.LOG_HELD_EVERY, tell_held),
            Timer("memory", limits.MEMORY_EVERY, give_back),
            *timers(self.cases),
        )

    async def examine(self) -> None:
        """Say whether keys and partners are in order, before anything ends."""
        watching = self.cases.watching
        await watching.look()
        for port in self.ports:
            await port.say_in_order(keys=not watching.keys, partners=not watching.partners)


async def _fault(probe: Callable[[], Awaitable[None]]) -> Exception | None:
    """What a probe raises; it is raised again once it was said."""
    try:
        await probe()
    except Exception as error:  # noqa: BLE001 - whatever it is, nobody serves with it
        return error
    return None


def serve(settings: Settings) -> int:
    """Serve until SIGTERM, SIGINT or SIGHUP, then drain; the exit code.

    While it starts, and while it drains, each of them ends the process at once.

    Raises:
        HutongError: KEY_UNUSABLE, STORE_UNAVAILABLE, SETTING_INVALID, CANNOT_LISTEN, LOG_BROKEN,
            ANCHOR_UNUSABLE.
    """
    configure_logs(settings.log_level, city=settings.code)
    end_at_once_when_told()
    try:
        uvloop.run(_serve(settings))
    finally:
        tell_all_held()
    return 0


async def _serve(settings: Settings) -> None:
    clock = SystemClock()
    folder = KeyFolder(settings.data_dir)
    if not folder.root.exists():
        raise HutongError(NOT_INITIALISED, path=str(settings.data_dir))
    access = key_access(settings)
    keys, workshop = access.ring(clock), access.workshop(settings, clock)
    authority = read_certificate(folder.ca_certificate)
    here = Here(settings.code, settings.zone, clock, SystemEntropy())
    # Where nobody reads it nothing is counted.
    metrics = Metrics() if settings.metrics_listen else None
    watch = metrics.watch() if metrics else unwatched
    traces = _traces(settings)
    if traces:
        watch = traces.watch(watch)
    async with open_store(settings.store_url, clock) as store, GrpcPeers(keys, watch) as peers:
        door = GrpcDoor(settings.onboarding_listen, _door(settings, keys), keys, here)
        rooms = functools.partial(open_room, clock)
        anchor = FileAnchor(settings.data_dir)
        uow: UnitOfWork = traces.over(store) if traces else store
        cases = assemble(here, uow, keys, peers, workshop, door, rooms, anchor)
        cases.examining.look_also(lambda: (disk(settings),))
        # A store that was rolled back must not be served from: it would tell another history.
        await cases.witnessing.check()
        door.welcome(cases.onboarding)
        meters = [metrics.meter(p) if metrics else unmetered for p in (PEER, LOCAL)]
        spans = (traces.of_partners, traces.of_clients) if traces else (untraced, untraced)
        shares = (
            replace(PARTNER, rate=settings.partner_rate, at_once=settings.partner_at_once),
            replace(CLIENT, rate=settings.client_rate, at_once=settings.client_at_once),
        )
        pressure = Pressure(lambda: store.backlog().seconds)
        peer, local = settings.peer_listen, settings.local_listen
        ports = (
            peer_port(peer, keys, uow, cases, meters[0], spans[0], shares[0], pressure),
            local_port(local, keys, authority, cases, meters[1], spans[1], shares[1], pressure),
        )
        with contextlib.ExitStack() as watching:
            if traces:
                watching.callback(traces.close)
            if metrics:
                metrics.look_at(cases)
                metrics.look_at_pressure(pressure)
                watching.enter_context(metrics.served(settings.metrics_listen))
            await _live(_Node(clock, store, keys, cases, door, ports, pressure), settings)


def _traces(settings: Settings) -> "Traces | None":
    """What records traces; None, and nothing of it is loaded, where they are not wanted."""
    if not settings.traces_endpoint:
        return None
    from node.transport.traces import Traces, to_collector  # noqa: PLC0415 - slow to load

    processor = to_collector(settings.traces_endpoint)
    return Traces(settings.code, settings.traces_ratio, processor)


def _door(settings: Settings, keys: Keys) -> str:
    """Where others reach the onboarding port: the host of the peer port, as partners dial it."""
    bundle = codec.TRUST_BUNDLE.decode(keys.bundle.payload)
    port = int(settings.onboarding_listen.rpartition(":")[2])
    return str(Endpoint(bundle.endpoints[0].host, port))


async def _live(node: _Node, settings: Settings) -> None:
    """Start, serve, look and sweep, until told to stop; then drain."""
    with contextlib.suppress(HutongError):
        # The first look only spares clients a second of NOT_SERVING; the timer says what is wrong.
        await node.look()
    with contextlib.suppress(HutongError):
        await node.examine()
    partners, clients = node.ports
    await partners.start()
    # What ended while nobody listened is known before a venue asks.
    await node.cases.hearing.catch_up()
    await clients.start()
    # What is here now lives as long as the process: the collector need not walk it again and again.
    # What a call makes is freed by counting; cycles are few, so that it need not look so often.
    gc.collect()
    gc.freeze()
    gc.set_threshold(limits.COLLECTOR_THRESHOLD)
    broken = asyncio.create_task(node.cases.witnessing.must_stop(), name="broken")
    _LOG.info("serving", peer=settings.peer_listen, local=settings.local_listen)
    async with contextlib.AsyncExitStack() as running:
        for timer in node.timers():
            await running.enter_async_context(
                every(timer.interval, timer.act, name=timer.name, at_once=timer.at_once)
            )
        if (often := watchdog_interval()) is not None:
            await running.enter_async_context(every(often, alive, name="watchdog", at_once=True))
        with told_to_stop() as signalled:
            tell_manager("READY=1", f"STATUS=serving partners at {settings.peer_listen}")
            told = await either(signalled, broken)
        tell_manager("STOPPING=1", "STATUS=draining")
        _LOG.info("draining", told=told)
        await node.door.close()
        await asyncio.gather(*(port.stop() for port in node.ports))
        await close(node.cases)
    _LOG.info("stopped")
    if broken.done():
        raise broken.result()
    broken.cancel()


def examine_files(settings_path: Path, *, silent: bool = True) -> tuple[Finding, ...]:
    """What `doctor` sees without the node: its files and its machine, and of a `silent` its store.

    A node that answers knows its store, and better than whoever may not read it.
    """
    found = initialise.examine_files(settings_path)
    try:
        settings = read_settings(settings_path)
    except HutongError:
        # So was said already.
        return found
    store = (schema_finding(settings.store_url),) if silent else ()
    return (*found, *examine_machine(settings), *store)


@dataclass(frozen=True, slots=True)
class OwnLog:
    """This city's log as it lies in the store, and what is known beside the store."""

    snapshot: LogSnapshot
    own_bundles: tuple[Envelope, ...]
    anchored: bytes


@contextlib.contextmanager
def own_log(settings: Settings) -> Iterator[OwnLog]:
    """This city's log, read-only, whether the node serves or not; no private key is touched."""
    published = read_published(KeyFolder(settings.data_dir))
    # Read before the store: what is anchored was in it by then.
    anchored = FileAnchor(settings.data_dir).read()
    with open_log(settings.store_url) as snapshot:
        yield OwnLog(snapshot, tuple(each.envelope for each in published), anchored)


def own_bundle(settings: Settings) -> Envelope:
    """This city's newest trust bundle, whether the node serves or not."""
    return read_published(KeyFolder(settings.data_dir))[-1].envelope


def whole_city(
    settings: Settings, *, work_dir: Path | None, keep: bool, spark: str | None
) -> "Desk":
    """The whole city at once, over the store itself, whether the node serves or not.

    By DuckDB in this process, or by the Spark cluster at `spark`; raises SPARK_MISSING.
    """
    # A node that serves, and every other command, does without these.
    from node.bulk.desk import Desk, Place  # noqa: PLC0415 - slow to load
    from node.bulk.spark_engine import SparkEngine  # noqa: PLC0415 - the same

    here = Here(settings.code, settings.zone, SystemClock(), SystemEntropy())
    return Desk(
        here,
        functools.partial(open_copy, settings.store_url),
        functools.partial(open_sums, settings.store_url),
        Place(work_dir, keep),
        SparkEngine(spark) if spark else None,
    )
