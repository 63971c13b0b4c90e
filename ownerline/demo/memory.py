"""How much memory this process has taken at most."""

import resource
import sys

# getrusage(2) counts in KiB on Linux, in bytes on macOS.
_A_MIB = 1024 * 1024 if sys.platform == "darwin" else 1024


def peak_memory_mib() -> int:
    """Return the most memory this process has held at once, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // _A_MIB
