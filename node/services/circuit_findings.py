"""What `doctor`, health and the metrics say of partners that are left alone for now."""

from collections.abc import Callable, Iterator

from federation.identifiers import CityCode
from node.model import Finding, Severity
from node.ports import CircuitState, CircuitView
from node.registry import Registry
from node.services.partner_findings import subject_of

Circuits = Callable[[CityCode], CircuitView | None]
"""How calls to a partner go; None where none is known."""


def circuit_findings(registry: Registry, circuits: Circuits) -> Iterator[Finding]:
    """A warning for each partner that is called and does not answer; nothing where all is well."""
    for city, partner in sorted(registry.partners.items()):
        view = circuits(city) if partner.is_called else None
        if view is not None and view.state is not CircuitState.CLOSED:
            seconds = view.wait.total_seconds()
            yield Finding(
                subject_of(city, "circuit"),
                Severity.WARNING,
                f"连续 {view.failures} 次调用无应答，暂不呼叫；{seconds:.1f} 秒后试一次。",
                f"{view.failures} calls in a row had no answer: it is left alone, and tried again "
                f"in {seconds:.1f} s.",
                f"请检查网络，或致电对方运维人员；然后运行 `hutong partner sync {city}`。",
                "Look at the network, or call its operator; then run "
                f"`hutong partner sync {city}`.",
            )
