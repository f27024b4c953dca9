"""Faults that were found in what departments send, each with its story; none may come back."""

import unicodedata
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from federation.errors import HutongError
from federation.identifiers import CityCode
from node.records import RecordRow
from node.row_errors import ROW_HOLDS_DOCUMENT
from node.services.rows import RowReader
from tests.node.services.simulated import MemoryKeys

CITY = CityCode("410100")
NOW = datetime(2026, 11, 24, tzinfo=UTC)
ID = "999999198105059880"
LINE = "L1730416<7UTO8903244F3301018<<<<<<<<<<<<<<<6"
WIDE = str.maketrans({ord(c): ord(c) + 0xFEE0 for c in "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ<"})
WRITTEN = {
    "plain": ID,
    "of full width": ID.translate(WIDE),
    "a line in lower case": LINE.lower(),
    "a line of full width": LINE.translate(WIDE),
    "partly of full width": ID[:9] + ID[9:].translate(WIDE),
}


@pytest.mark.parametrize("written", WRITTEN.values(), ids=WRITTEN)
def test_however_a_documents_number_is_written_it_is_never_kept(written: str) -> None:
    # In characters of full width, as a Chinese keyboard types them, and a passport's line in lower
    # case, it was kept as evidence, and in the quarantine.
    reader = RowReader(MemoryKeys(CITY, NOW), "office", NOW.date())
    row = RecordRow("r-1", "add-1", ID, "2026-01-15", f"见 {written}")
    found = reader.read(row, 1).found
    assert isinstance(found, HutongError)
    assert found.reason == ROW_HOLDS_DOCUMENT
    for bad in (
        replace(row, occurred_on="never"),
        replace(row, record_number=written, evidence="e"),
        replace(row, indicator=written, evidence="e"),
    ):
        read = reader.read(bad, 1)
        assert isinstance(read.found, HutongError)
        _, kept, told = reader.kept(read, read.found)
        said = unicodedata.normalize("NFKC", repr((kept, told.fields))).upper()
        assert ID not in said
        assert LINE not in said
