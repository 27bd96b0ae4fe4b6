"""Frames against Google's protobuf."""

import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from hypothesis import given
from hypothesis import strategies as st

from connectors.chat.fakes.feishu_frames import DATA, Frame, decode, split

TYPES = {"uint64": 4, "int32": 5, "message": 11, "string": 9, "bytes": 12}


def described() -> type:
    """The message class of a frame, from a description written for this test."""
    file = descriptor_pb2.FileDescriptorProto(name="frame.proto", package="t", syntax="proto2")
    header = file.message_type.add(name="Header")
    frame = file.message_type.add(name="Frame")
    fields = [
        ("SeqID", "uint64"),
        ("LogID", "uint64"),
        ("service", "int32"),
        ("method", "int32"),
        ("headers", "message"),
    ]
    fields += [("payload_encoding", "string"), ("payload_type", "string"), ("payload", "bytes"), ("LogIDNew", "string")]
    for number, name in enumerate(("key", "value"), 1):
        header.field.add(name=name, number=number, type=TYPES["string"], label=2)
    for number, (name, kind) in enumerate(fields, 1):
        made = frame.field.add(name=name, number=number, type=TYPES[kind], label=3 if kind == "message" else 1)
        if kind == "message":
            made.type_name = ".t.Header"
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("t.Frame"))


GOOGLE = described()
TEXT = st.text(max_size=20)
FRAMES = st.builds(
    Frame,
    method=st.integers(0, 1),
    service=st.integers(-(2**31), 2**31 - 1),
    headers=st.dictionaries(TEXT, TEXT, max_size=4),
    payload=st.binary(max_size=300),
    seq_id=st.integers(0, 2**64 - 1),
)


@given(FRAMES)
def test_protobuf_reads_what_we_write(frame: Frame) -> None:
    read = GOOGLE.FromString(frame.encode())

    assert (read.method, read.service, read.SeqID, read.payload) == (
        frame.method,
        frame.service,
        frame.seq_id,
        frame.payload,
    )
    assert {one.key: one.value for one in read.headers} == frame.headers


@given(FRAMES)
def test_we_read_what_we_write(frame: Frame) -> None:
    read = decode(frame.encode())

    assert read == frame


@given(st.binary(max_size=60))
def test_damaged_frames_are_refused_in_one_way(raw: bytes) -> None:
    try:
        read = decode(raw)
    except ValueError:
        return
    assert decode(read.encode()) == read


def test_a_large_event_is_split() -> None:
    cut = split(Frame(DATA, 1, {"type": "event"}, b"x" * 25), 10)

    assert [(one.headers["sum"], one.headers["seq"], len(one.payload)) for one in cut] == [
        ("3", "0", 10),
        ("3", "1", 10),
        ("3", "2", 5),
    ]


@pytest.mark.parametrize("raw", [b"", b"\x08", b"\x42\x05ab", b"\xff" * 12], ids=["empty", "cut", "short", "endless"])
def test_what_is_no_frame(raw: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        decode(raw)
