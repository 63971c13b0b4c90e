"""Sound is brought to a line's rate and loudness without anything being added to it."""

import contextlib
import struct
import wave
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from scripts.speech.model import SpeechError
from scripts.speech.sound import active_level, level, resample, trim
from scripts.speech.wav import Samples, Sound, parse_wav, read_wav, wav_bytes


def tone(hertz: float, *, rate: int, seconds: float = 1.0, loudness: float = 0.5) -> Sound:
    at = np.arange(int(rate * seconds)) / rate
    return Sound(samples=(loudness * np.sin(2 * np.pi * hertz * at)).astype(np.float32), rate=rate)


def loudness(sound: Sound) -> float:
    middle = sound.samples[len(sound.samples) // 4 : -len(sound.samples) // 4]
    return float(np.sqrt(2 * np.mean(np.square(middle))))


@pytest.mark.parametrize("rate", [8000, 16000])
@pytest.mark.parametrize("given_rate", [8000, 11025, 16000, 22050, 44100, 48000])
def test_a_tone_within_the_line_keeps_its_loudness_and_length(given_rate: int, rate: int) -> None:
    heard = resample(tone(1000, rate=given_rate), rate)

    assert heard.rate == rate
    assert heard.seconds == pytest.approx(1.0, abs=0.001)
    assert loudness(heard) == pytest.approx(0.5, rel=0.001)


@pytest.mark.parametrize(("hertz", "rate"), [(4500, 8000), (7000, 8000), (9000, 16000)])
def test_what_a_line_cannot_carry_is_not_folded_into_it(hertz: float, rate: int) -> None:
    assert loudness(resample(tone(hertz, rate=44100), rate)) < 0.001


def test_a_click_does_not_ring_on() -> None:
    samples = np.zeros(22050, dtype=np.float32)
    samples[11025] = 1.0
    heard = np.abs(resample(Sound(samples=samples, rate=22050), 8000).samples)

    assert heard[: 4000 - 80].max() < 0.01 * heard.max()  # 10 ms before it there is nothing yet


@pytest.mark.parametrize("loud", [0.001, 0.05, 1.0])
def test_every_sentence_is_equally_loud(loud: float) -> None:
    spoken = level(tone(300, rate=8000, loudness=loud))

    assert active_level(spoken) == pytest.approx(0.1, rel=0.02)


def test_a_pause_does_not_make_the_rest_louder() -> None:
    said = tone(300, rate=8000)
    paused = Sound(samples=np.concatenate([said.samples, np.zeros(80000, np.float32)]), rate=8000)

    assert active_level(level(paused)) == pytest.approx(active_level(level(said)), rel=0.02)


@given(
    arrays(np.float32, st.integers(200, 4000), elements=st.floats(-1, 1, width=32)),
    st.sampled_from([(22050, 8000), (44100, 16000), (8000, 16000)]),
)
def test_nothing_is_ever_clipped(samples: Samples, rates: tuple[int, int]) -> None:
    given_rate, rate = rates
    try:
        spoken = level(resample(Sound(samples=samples, rate=given_rate), rate))
    except SpeechError:
        return  # silent
    assert np.abs(spoken.samples).max() <= 0.9


def test_silence_is_refused() -> None:
    with pytest.raises(SpeechError, match=r"silent: 1\.0 s"):
        level(Sound(samples=np.zeros(8000, np.float32), rate=8000))


def test_the_silence_around_speech_is_as_long_as_asked_for() -> None:
    samples = np.zeros(16000, dtype=np.float32)
    samples[4000:8000] = tone(440, rate=8000, seconds=0.5).samples

    trimmed = trim(Sound(samples=samples, rate=8000), before_s=0.02, after_s=0.2)
    grown = trim(tone(440, rate=8000, seconds=0.5), before_s=0.1, after_s=0.2)

    assert trimmed.seconds == pytest.approx(0.72, abs=0.002)
    assert grown.seconds == pytest.approx(0.8, abs=0.002)


def riff(kind: int, bits: int, body: bytes, *, channels: int = 1, rate: int = 8000) -> bytes:
    frame = channels * bits // 8
    header = struct.pack("<HHIIHH", kind, channels, rate, rate * frame, frame, bits)
    chunks = b"fmt " + struct.pack("<I", len(header)) + header
    chunks += b"LIST" + struct.pack("<I", 3) + b"odd\0"
    chunks += b"data" + struct.pack("<I", len(body)) + body
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks


SAID = np.array([0.0, 0.5, -0.5, 0.25])


@pytest.mark.parametrize(
    ("data", "within"),
    [
        pytest.param(riff(1, 8, (SAID * 128 + 128).astype("u1").tobytes()), 0.001, id="8 bit"),
        pytest.param(riff(1, 16, (SAID * 2**15).astype("<i2").tobytes()), 0.001, id="16 bit"),
        pytest.param(
            riff(1, 24, b"".join(int(s * 2**23).to_bytes(3, "little", signed=True) for s in SAID)),
            0.001,
            id="24 bit",
        ),
        pytest.param(riff(1, 32, (SAID * 2**31).astype("<i4").tobytes()), 0.001, id="32 bit"),
        pytest.param(riff(3, 32, SAID.astype("<f4").tobytes()), 0.001, id="float"),
        pytest.param(riff(3, 64, SAID.astype("<f8").tobytes()), 0.001, id="double"),
        pytest.param(riff(6, 8, bytes([0xD5, 0xA5, 0x25, 0xB5])), 0.02, id="A-law"),
        pytest.param(riff(7, 8, bytes([0xFF, 0x8F, 0x0F, 0x9F])), 0.02, id="µ-law"),
    ],
)
def test_a_studio_may_write_wav_files_of_any_usual_kind(data: bytes, within: float) -> None:
    assert parse_wav(data).samples == pytest.approx(SAID, abs=within)


def test_channels_are_mixed_into_one() -> None:
    both = np.array([[0.5, 0.0], [0.5, -0.5]])
    data = riff(1, 16, (both * 2**15).astype("<i2").tobytes(), channels=2)

    assert parse_wav(data).samples == pytest.approx([0.25, 0.0], abs=0.001)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "not with RIFF"),
        (b"ID3\x03 an mp3", "not with RIFF"),
        (riff(1, 16, b""), "empty"),
        (riff(85, 16, b"1234"), "kind 85 with 16 bit"),
        (riff(1, 16, b"1234", rate=0), "at 0 Hz"),
        (riff(1, 16, b"1234")[:36], "no data chunk"),
    ],
)
def test_a_broken_file_is_refused_with_its_reason(data: bytes, why: str) -> None:
    with pytest.raises(SpeechError, match=why):
        parse_wav(data)


@given(st.binary(max_size=200), st.integers(0, 60))
def test_no_bytes_at_all_break_the_reader(noise: bytes, at: int) -> None:
    whole = riff(1, 16, b"12345678")
    with contextlib.suppress(SpeechError):  # refused in words is fine
        parse_wav(whole[:at] + noise + whole[at + len(noise) :])


def test_what_is_written_is_plain_wav() -> None:
    with wave.open(BytesIO(wav_bytes(tone(440, rate=16000, seconds=0.5)))) as file:
        told = (file.getnchannels(), file.getsampwidth(), file.getframerate(), file.getnframes())

    assert told == (1, 2, 16000, 8000)


def test_a_missing_file_is_named() -> None:
    with pytest.raises(SpeechError, match=r"/nowhere/a\.wav cannot be read"):
        read_wav(Path("/nowhere/a.wav"))
