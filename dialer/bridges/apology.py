"""What an owner hears when something of ours has broken in the middle of a call."""

from collections.abc import Mapping
from types import MappingProxyType

from customers.model import Language

# One sentence that is true of every call: whoever says it knows nothing of this one.
SORRY_WORDS: Mapping[Language, str] = MappingProxyType(
    {
        Language.MANDARIN: "非常抱歉,我们的系统出了问题,通话只能到此结束。我们会再与您联系。再见。",
        Language.ENGLISH: "We are very sorry: our system has a problem, and this call has to end "
        "here. We will be in touch again. Goodbye.",
    }
)
