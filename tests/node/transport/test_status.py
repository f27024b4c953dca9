"""Errors travel and come back equal; what a stranger calls an error is read without harm."""

import importlib
import string
from pathlib import Path

import grpc
import pytest
from google.protobuf import any_pb2
from google.rpc import error_details_pb2, status_pb2
from hypothesis import given
from hypothesis import strategies as st

import federation.errors
import node.decision_errors
import node.errors
import node.histogram_errors
import node.load_errors
import node.record_errors
import node.redemption_errors
import node.store_errors
from federation.errors import HutongError, Reason, Status
from node.transport import status

KEY = "grpc-status-details-bin"
REASONS = sorted(
    {
        reason.name: reason
        for module in (
            federation.errors,
            node.decision_errors,
            node.errors,
            node.histogram_errors,
            node.load_errors,
            node.record_errors,
            node.redemption_errors,
            node.store_errors,
        )
        for reason in vars(module).values()
        if isinstance(reason, Reason)
    }.items()
)


def fields_of(reason: Reason) -> dict[str, str]:
    names = [name for _, name, _, _ in string.Formatter().parse(reason.en) if name]
    return {name: f"值 {place} {{x}}" for place, name in enumerate(names)}


@pytest.mark.parametrize(("name", "reason"), REASONS, ids=[name for name, _ in REASONS])
def test_every_reason_comes_back_equal(name: str, reason: Reason) -> None:
    sent = HutongError(reason, **fields_of(reason))
    back = status.from_metadata(status.to_metadata(sent))
    assert back == sent
    assert back is not None
    assert (back.text("en"), back.text("zh")) == (sent.text("en"), sent.text("zh"))
    assert status.code_of(sent) is grpc.StatusCode[reason.status.value]


@given(st.sampled_from([reason for _, reason in REASONS]), st.data())
def test_fields_of_any_text_come_back_as_far_as_they_can_be_shown(
    reason: Reason, data: st.DataObject
) -> None:
    texts = st.text(st.characters(codec="utf-8"), max_size=2000)
    sent = HutongError(reason, **{name: data.draw(texts) for name in fields_of(reason)})
    trailers = status.to_metadata(sent)
    back = status.from_metadata(trailers)
    assert back is not None
    assert back.reason is reason
    assert back.fields == {key: status.printable(value) for key, value in sent.fields.items()}
    assert back.text("en").isprintable()
    assert back.text("zh").isprintable()


@pytest.mark.parametrize(("name", "reason"), REASONS, ids=[name for name, _ in REASONS])
def test_the_longest_error_is_short_enough_to_travel(name: str, reason: Reason) -> None:
    sent = HutongError(reason, **dict.fromkeys(fields_of(reason), "页" * 100_000))
    size = sum(len(value) * 4 // 3 for _, value in status.to_metadata(sent))
    size += 9 * len(status.text_of(sent, "en"))  # percent-encoded
    assert size < 16 * 1024


def packed(info: error_details_pb2.ErrorInfo, message: str = "", code: int = 3) -> bytes:
    made = status_pb2.Status(code=code, message=message)
    detail = any_pb2.Any()
    detail.Pack(info)
    made.details.append(detail)
    return made.SerializeToString()


def test_a_reason_of_a_newer_version_is_told_in_its_own_words() -> None:
    info = error_details_pb2.ErrorInfo(reason="TOO_NEW", domain="hutong", metadata={"a": "b"})
    back = status.from_metadata([(KEY, packed(info, "Wait for {x}.\x1b[2J", code=9))])
    assert back is not None
    assert back.reason.name == "TOO_NEW"
    assert back.reason.status is Status.FAILED_PRECONDITION
    assert back.text("en") == "Wait for {x}. [2J"
    assert back.text("zh") == back.text("en")
    assert back.fields == {"a": "b"}


@pytest.mark.parametrize("code", [0, 1, 2, 15, 99, -1, 2**31 - 1])
def test_a_code_that_is_none_is_an_internal_fault_of_the_stranger(code: int) -> None:
    info = error_details_pb2.ErrorInfo(reason="TOO_NEW", domain="hutong")
    back = status.from_metadata([(KEY, packed(info, code=code))])
    assert back is not None
    assert back.reason.status in Status
    assert back.reason.status is Status.INTERNAL or code == 15


@pytest.mark.parametrize("name", ["reason", "self", "fields", "__class__", "", "where", "city"])
def test_a_field_of_any_name_is_only_a_field(name: str) -> None:
    info = error_details_pb2.ErrorInfo(reason="MALFORMED", domain="hutong", metadata={name: "x"})
    back = status.from_metadata([(KEY, packed(info))])
    assert back is not None
    assert back.fields == {name: "x"}
    assert back.text("en").isprintable()


@pytest.mark.parametrize(
    ("reason", "domain"),
    [("MALFORMED", "example.org"), ("malformed", "hutong"), ("A" * 64, "hutong"), ("", "hutong")],
)
def test_what_is_not_ours_is_nothing(reason: str, domain: str) -> None:
    info = error_details_pb2.ErrorInfo(reason=reason, domain=domain)
    assert status.from_metadata([(KEY, packed(info))]) is None


METADATA = st.lists(
    st.tuples(
        st.one_of(st.just(KEY), st.text(max_size=20)),
        st.one_of(st.binary(max_size=300), st.text(max_size=50)),
    ),
    max_size=5,
)


@given(METADATA)
def test_no_metadata_raises(metadata: status.Metadata) -> None:
    shown(status.from_metadata(metadata))


@given(st.binary(max_size=400), st.text(st.characters(codec="utf-8"), max_size=900))
def test_no_broken_status_raises(data: bytes, text: str) -> None:
    shown(status.from_metadata([(KEY, data)]))
    broken = status_pb2.Status(message=text)
    broken.details.append(
        any_pb2.Any(type_url="type.googleapis.com/google.rpc.ErrorInfo", value=data)
    )
    shown(status.from_metadata([(KEY, broken.SerializeToString())]))


@given(
    st.from_regex(r"[A-Z][A-Z0-9_]{0,62}", fullmatch=True),
    st.dictionaries(
        st.text(st.characters(codec="utf-8"), max_size=20),
        st.text(st.characters(codec="utf-8"), max_size=900),
        max_size=5,
    ),
    st.text(st.characters(codec="utf-8"), max_size=900),
    st.integers(-(2**31), 2**31 - 1),
)
def test_a_hostile_error_prints_on_one_line(
    reason: str, fields: dict[str, str], message: str, code: int
) -> None:
    info = error_details_pb2.ErrorInfo(reason=reason, domain="hutong", metadata=fields)
    back = status.from_metadata([(KEY, packed(info, message, code))])
    assert back is not None
    shown(back)


def shown(error: HutongError | None) -> None:
    if error is not None:
        for text in (str(error), error.text("zh"), *error.fields, *error.fields.values()):
            assert text.isprintable()
            assert len(text) < 3000


def test_nothing_is_nothing() -> None:
    assert status.from_metadata(None) is None
    assert status.from_metadata([]) is None
    assert status.from_metadata([(KEY, "text")]) is None


def test_every_file_of_reasons_is_read_from_the_wire() -> None:
    files = {path.stem for path in Path(node.errors.__file__).parent.glob("*errors.py")}
    # What is wrong with a row is said in an answer, not as an error.
    files.remove("row_errors")
    told = {name for name in files if _reasons_of(f"node.{name}") <= set(status._REASONS)}
    assert told == files


def _reasons_of(module: str) -> set[str]:
    found = vars(importlib.import_module(module)).values()
    return {each.name for each in found if isinstance(each, Reason)}
