"""What becomes of spans on their way out: said once when they are lost, and once when they are not.

The library would say it at each attempt.
"""

import logging
from collections.abc import Sequence

import structlog
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

_LOG = structlog.get_logger()


class Telling(SpanExporter):
    """An exporter that tells whether spans arrive."""

    def __init__(self, exporter: SpanExporter) -> None:
        """Around the one that brings them; the library itself says nothing any more."""
        logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)
        self._exporter = exporter
        self._arriving = True

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Bring spans; what does not arrive is gone."""
        result = self._exporter.export(spans)
        arriving = result is SpanExportResult.SUCCESS
        if arriving is not self._arriving:
            self._arriving = arriving
            if arriving:
                _LOG.info("traces_delivered")
            else:
                _LOG.warning("traces_not_delivered", lost=len(spans))
        return result

    def shutdown(self) -> None:
        """Bring nothing any more."""
        self._exporter.shutdown()
