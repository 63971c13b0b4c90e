"""Documents longer than Twilio takes, said in parts: each part leads to the next.

The book keeps a document whole; parts are cut out of it when they are asked for, always the same.
"""

from collections.abc import Callable, Iterable, Iterator
from xml.etree import ElementTree as ET

from core.errors import OwnerlineError

# Twilio takes 64 KB (https://www.twilio.com/docs/api/errors/11750).
LONGEST_DOCUMENT = 60_000  # bytes
_SPOKEN = frozenset({"Say", "Play"})
_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'
_BRIEFLY = {"actionOnEmptyResult": "false", "timeout": "1"}  # the shortest wait that Gather knows


class NoSuchPartError(OwnerlineError):
    """A document has fewer parts; only a made-up address asks for more."""


def part_of(
    document: str,
    part: int,
    *,
    address: Callable[[int], str],
    longest: int = LONGEST_DOCUMENT,
) -> str:
    """Return a part of a document, the first is 1; one that is short enough is its own.

    Sentences are cut from the document in their order. A key ends what is said of a part where it
    would have ended the whole; the last part waits for the answer.

    Args:
        document: as `Renderer` made it.
        part: which.
        address: where a part of that number is asked for.
        longest: how many bytes a part may have; more than one Say has.

    Raises:
        NoSuchPartError: the document has no such part.
    """
    if part == 1 and len(document.encode()) <= longest:
        return document
    root = ET.fromstring(document)  # noqa: S314 - of our own making
    speaker = _speaker(root)
    spoken = [each for each in speaker if each.tag in _SPOKEN]
    for verb in spoken:
        speaker.remove(verb)
    frame = _written(root)
    parts = list(_filled(spoken, longest - len(frame) - len(address(part).encode())))
    if not 1 <= part <= len(parts):
        message = f"part {part} of a document with {len(parts)}"
        raise NoSuchPartError(message)
    verbs = parts[part - 1]
    if part < len(parts):
        return _written(_cut(verbs, speaker, onward=address(part + 1))).decode()
    for n, verb in enumerate(verbs):
        speaker.insert(n, verb)
    return _written(root).decode()


def _speaker(root: ET.Element) -> ET.Element:
    """Return the element whose sentences are the document's: a Gather that can be interrupted."""
    gathers = (each for each in root.findall("Gather") if len(each))
    return next(gathers, root)


def _cut(verbs: Iterable[ET.Element], speaker: ET.Element, *, onward: str) -> ET.Element:
    """Return a document that speaks as `speaker` does and then goes on elsewhere."""
    root = ET.Element("Response")
    within = root
    if speaker.tag == "Gather":
        within = ET.SubElement(root, "Gather", speaker.attrib | _BRIEFLY)
    within.extend(verbs)
    ET.SubElement(root, "Redirect", {"method": "POST"}).text = onward
    return root


def _filled(verbs: Iterable[ET.Element], room: int) -> Iterator[list[ET.Element]]:
    part: list[ET.Element] = []
    used = 0
    for verb in verbs:
        size = len(ET.tostring(verb, encoding="utf-8"))
        if part and used + size > room:
            yield part
            part, used = [], 0
        part.append(verb)
        used += size
    yield part


def _written(root: ET.Element) -> bytes:
    return (_DECLARATION + ET.tostring(root, encoding="unicode")).encode()
