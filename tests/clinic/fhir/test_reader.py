import json
from io import BytesIO

import pytest

from clinic.domain.fhir import reader
from clinic.domain.fhir.reader import Place, Unreadable
from tests.clinic.fhir.samples import big_bundle, bundle, lines, ndjson, observation, patient


def read(content: bytes) -> list[tuple[int, int, str]]:
    """Line, entry, and the resource's id or the problem."""
    found = reader.read(file=BytesIO(content))
    return [(item.place.line, item.place.entry, item.problem or item.resource["id"]) for item in found]


def test_each_line_of_ndjson_is_a_resource() -> None:
    assert read(ndjson(patient(1), observation(2), patient(3))) == [(1, 0, "id-1"), (2, 0, "o2"), (3, 0, "id-3")]


def test_empty_lines_and_a_missing_last_line_end_do_no_harm() -> None:
    content = b"\n" + ndjson(patient(1)) + b"\r\n\n" + ndjson(patient(2)).rstrip()
    assert read(content) == [(2, 0, "id-1"), (5, 0, "id-2")]


def test_a_byte_order_mark_is_passed_over() -> None:
    assert read(b"\xef\xbb\xbf" + ndjson(patient(1))) == [(1, 0, "id-1")]


@pytest.mark.parametrize("indent", [None, 2], ids=["on one line", "over many lines"])
def test_a_bundle_is_taken_apart(indent: int | None) -> None:
    content = json.dumps(bundle(patient(1), observation(2)), indent=indent).encode()
    assert read(content) == [(1, 1, "id-1"), (1, 2, "o2")]


def test_a_bundle_inside_ndjson_is_opened() -> None:
    assert read(ndjson(patient(1), bundle(patient(2), patient(3)), patient(4))) == [
        (1, 0, "id-1"),
        (2, 1, "id-2"),
        (2, 2, "id-3"),
        (3, 0, "id-4"),
    ]


def test_a_bundle_inside_a_bundle_is_opened() -> None:
    assert read(ndjson(bundle(bundle(patient(1), patient(2))))) == [(1, 1, "id-1"), (1, 1, "id-2")]


def test_an_array_of_resources_is_read() -> None:
    assert read(json.dumps([patient(1), bundle(patient(2))]).encode()) == [(1, 1, "id-1"), (1, 2, "id-2")]


def test_a_single_patient_over_many_lines_is_read() -> None:
    assert read(json.dumps(patient(1), indent=2).encode()) == [(1, 0, "id-1")]


def test_a_truncated_last_line_is_named_and_the_others_are_read() -> None:
    content = ndjson(patient(1), patient(2), patient(3))[:-40]
    assert read(content) == [
        (1, 0, "id-1"),
        (2, 0, "id-2"),
        (3, 0, "The line breaks off. The file may not have been copied whole."),
    ]


def test_a_damaged_line_in_the_middle_or_at_the_start_does_not_stop_the_others() -> None:
    content = b"{oops\n" + ndjson(patient(1)) + b"what\n" + ndjson(patient(2))
    assert read(content) == [(1, 0, "This is not JSON."), (2, 0, "id-1"), (3, 0, "This is not JSON."), (4, 0, "id-2")]


def test_a_line_in_another_encoding_is_named() -> None:
    content = ndjson(patient(1)) + '{"resourceType": "Patient", "id": "é"}\n'.encode("latin-1")
    assert read(content) == [(1, 0, "id-1"), (2, 0, "This is not JSON.")]


def test_json_nested_beyond_reason_is_named() -> None:
    assert read(ndjson(patient(1)) + b"[" * 200_000 + b"\n") == [(1, 0, "id-1"), (2, 0, "This is not JSON.")]


def test_a_truncated_bundle_gives_what_came_before_the_break() -> None:
    content = json.dumps(bundle(patient(1), patient(2), patient(3)), indent=1).encode()
    assert read(content[: content.index(b"id-3")]) == [
        (1, 1, "id-1"),
        (1, 2, "id-2"),
        (1, 3, "The file breaks off or is damaged here. What came before was read."),
    ]


def test_a_bundle_too_large_to_hold_is_streamed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "WHOLE", 4096)
    assert len(read(lines(big_bundle(1)))) > 600


def test_a_long_line_does_not_swallow_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "WHOLE", 4096)
    long = ndjson(bundle(*(patient(number) for number in range(9))))
    found = read(ndjson(observation(1)) + long + ndjson(patient(10)))
    assert [line for line, _entry, _id in found] == [1, *[2] * 9, 3]


def test_a_long_first_line_does_not_hide_that_the_file_goes_by_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "WHOLE", 4096)
    long = ndjson(bundle(*(patient(number) for number in range(9))))
    assert read(long + ndjson(patient(10)))[-1] == (2, 0, "id-10")


def test_a_patient_too_large_to_be_one_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "WHOLE", 4096)
    found = read(ndjson(patient(1), patient(2, photo=[{"data": "x" * 9000}]), patient(3)))
    assert found[1] == (2, 0, "This patient is larger than 4 MB, which cannot be right.")
    assert found[2] == (3, 0, "id-3")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "The file is empty."),
        (b" \n\n", "The file is empty."),
        (b"name,born\nMaya,1987-02-03\n", "The file is not JSON. Ask for the FHIR export as JSON or NDJSON."),
        (b"\x1f\x8b\x08\x00", "The file is packed (gzip). Unpack it first."),
        (b"PK\x03\x04rest", "The file is packed (zip). Unpack it first."),
        (
            b"<Bundle xmlns='http://hl7.org/fhir'/>",
            "The file is XML or a web page. Ask for the FHIR export as JSON or NDJSON.",
        ),
        (json.dumps(patient()).encode("utf-16"), "The file is written in UTF-16. Save it as UTF-8 and try again."),
        (b"{ hello", "The file is not JSON, breaks off at once, or holds no FHIR resources."),
        (b'{"name": "Maya"}', "The file is JSON, but holds no FHIR resources."),
        (b"[1, 2, 3]", "The file is JSON, but holds no FHIR resources."),
        (b"\x00\x01\x02\xff", "The file is not JSON. Ask for the FHIR export as JSON or NDJSON."),
    ],
)
def test_a_file_of_another_kind_gets_a_clear_answer(content: bytes, sentence: str) -> None:
    with pytest.raises(Unreadable) as refusal:
        read(content)
    assert str(refusal.value) == sentence


def test_an_empty_bundle_is_read_and_holds_nothing() -> None:
    assert read(json.dumps(bundle()).encode()) == []


def test_a_place_says_line_and_entry() -> None:
    assert Place(3, 2) == Place(line=3, entry=2)
