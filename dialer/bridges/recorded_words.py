"""What owner and agent hear before their talk is recorded, where the rules want it announced."""

from collections.abc import Mapping
from types import MappingProxyType

from customers.model import Language

RECORDED_WORDS: Mapping[Language, str] = MappingProxyType(
    {
        Language.MANDARIN: "为保证服务质量，本次通话将被录音。",
        Language.ENGLISH: "This call is recorded, so that we can be held to what we say.",
    }
)
