"""What is degraded now, though the node serves: seen before anything ends, and logged once."""

from collections.abc import Iterable, Mapping

import structlog

from node.model import Finding, Severity
from node.services.examining import Examining

_LOG = structlog.get_logger()


class Watching:
    """Looks at what is stored on keys and partners again and again, and remembers what is wrong."""

    def __init__(self, examining: Examining) -> None:
        """Nothing has been seen yet."""
        self._examining = examining
        self._keys: Mapping[str, Finding] = {}
        self._partners: Mapping[str, Finding] = {}
        self._rules: Mapping[str, Finding] = {}

    @property
    def keys(self) -> Mapping[str, Finding]:
        """What is wrong with this city's keys, by subject."""
        return self._keys

    @property
    def partners(self) -> Mapping[str, Finding]:
        """What is wrong with partners, by subject."""
        return self._partners

    @property
    def all(self) -> Mapping[str, Finding]:
        """Everything that is wrong, by subject; whole, from whatever thread it is read."""
        return {**self._rules, **self._keys, **self._partners}

    async def look(self) -> None:
        """Look, and log what has become wrong or right since the last look."""
        before, found = self.all, await self._examining.stored()
        self._keys, self._partners = degrading(found.keys), degrading(found.partners)
        self._rules = degrading(found.rules)
        after = self.all
        new = sorted(after.keys() - before.keys())
        if new:
            reasons = [after[subject].detail_en for subject in new]
            _LOG.warning("degraded", subjects=new, reasons=reasons)
        gone = sorted(before.keys() - after.keys())
        if gone:
            _LOG.info("recovered", subjects=gone)


def degrading(findings: Iterable[Finding]) -> dict[str, Finding]:
    """The findings that are warnings or worse, by their subject; the worst of each."""
    found = dict[str, Finding]()
    for finding in findings:
        known = found.get(finding.subject)
        worse = known is None or known.severity.value < finding.severity.value
        if finding.severity is not Severity.OK and worse:
            found[finding.subject] = finding
    return found
