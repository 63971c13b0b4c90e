"""The process that holds espeak-ng: reads requests on stdin, a JSON object a line, ends with it.

The library keeps its state in globals and is not thread-safe, so each process speaks one sentence
at a time. Whoever started it may be killed in any way: stdin ends then, and so does this.
"""

import ctypes
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any, BinaryIO

import espeakng_loader
import numpy as np

from scripts.speech.model import SpeechError
from scripts.speech.sound import resample, trim
from scripts.speech.wav import Sound, wav_bytes

# speak_lib.h of espeak-ng 1.52
_SYNCHRONOUS = 2
_DONT_EXIT = 0x8000
_RATE, _VOLUME = 1, 2
_CHARS_UTF8 = 1
_POSITION_CHARACTER = 1

_VOLUME_PERCENT = 60  # at 100 loud vowels are clipped by the library itself
_BEFORE_S, _AFTER_S = 0.02, 0.2  # sentences follow one another: the silence after is the pause

# Who has picked up comes before what somebody will hear later: nearly all is made ahead.
_NICE = 5

_Callback = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p
)


class Espeak:
    """The library, opened."""

    def __init__(self) -> None:
        self._library = ctypes.CDLL(espeakng_loader.get_library_path())
        data = os.fsencode(espeakng_loader.get_data_path())
        self._rate = int(self._library.espeak_Initialize(_SYNCHRONOUS, 0, data, _DONT_EXIT))
        if self._rate <= 0:
            message = f"espeak-ng does not start with the data in {os.fsdecode(data)}"
            raise SpeechError(message)
        self._parts: list[bytes] = []
        self._hear = _Callback(self._heard)  # held here: the library has only its address
        self._library.espeak_SetSynthCallback(self._hear)

    def speak(self, text: str, *, voice: str, words_per_minute: int) -> Sound:
        """Return the text as sound, at the rate of the library.

        Raises:
            SpeechError: the voice is unknown, or no sound came.
        """
        library = self._library
        if library.espeak_SetVoiceByName(voice.encode()) != 0:
            message = f"espeak-ng has no voice {voice!r}"
            raise SpeechError(message)
        library.espeak_SetParameter(_RATE, words_per_minute, 0)
        library.espeak_SetParameter(_VOLUME, _VOLUME_PERCENT, 0)
        self._parts.clear()
        data = text.encode() + b"\0"
        failed = library.espeak_Synth(
            data, ctypes.c_size_t(len(data)), 0, _POSITION_CHARACTER, 0, _CHARS_UTF8, None, None
        )
        samples = np.frombuffer(b"".join(self._parts), dtype=np.int16)
        if failed or not np.any(samples):
            message = f"espeak-ng made no sound of {len(text)} characters (status {failed})"
            raise SpeechError(message)
        return Sound(samples=(samples / 2**15).astype(np.float32), rate=self._rate)

    def _heard(self, samples: Any, count: int, _events: Any) -> int:
        if samples and count > 0:
            self._parts.append(ctypes.string_at(samples, count * 2))
        return 0


def answer(espeak: Espeak, request: dict[str, Any]) -> dict[str, Any]:
    """Write the file a request asks for, and return what to reply."""
    try:
        sound = espeak.speak(
            request["text"], voice=request["voice"], words_per_minute=request["words_per_minute"]
        )
        sound = resample(trim(sound, before_s=_BEFORE_S, after_s=_AFTER_S), request["rate"])
        Path(request["into"]).write_bytes(wav_bytes(sound))
    except SpeechError as err:
        return {"error": str(err)}
    except OSError as err:
        return {"error": f"{request['into']} cannot be written: {err.strerror}"}
    return {}


def serve(requests: BinaryIO, replies: BinaryIO) -> None:
    """Answer requests until there are no more."""
    espeak = Espeak()
    for line in requests:
        replies.write(json.dumps(answer(espeak, json.loads(line))).encode() + b"\n")
        replies.flush()


def main() -> None:
    """Serve on stdin and stdout; whatever the library prints goes to stderr."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for whoever started us
    os.nice(_NICE)
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    try:
        serve(sys.stdin.buffer, replies)
    except BrokenPipeError:
        os._exit(0)  # nobody waits for the reply any more


if __name__ == "__main__":
    main()
