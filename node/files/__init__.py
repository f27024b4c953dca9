"""Files that people write, parsed whole before anything changes.

An error names the file, the line and the remedy. The formats are in docs/manual.md.
"""

from node.files.agreements import AgreementDraft, ConcordancePlan, parse_agreement
from node.files.incentives import parse_incentives
from node.files.indicators import parse_indicators
from node.files.record_portions import load_requests
from node.files.records import FileRow, RecordsFile, open_records
from node.files.scales import parse_scale

__all__ = [
    "AgreementDraft",
    "ConcordancePlan",
    "FileRow",
    "RecordsFile",
    "load_requests",
    "open_records",
    "parse_agreement",
    "parse_incentives",
    "parse_indicators",
    "parse_scale",
]
