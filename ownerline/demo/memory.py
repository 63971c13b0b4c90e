"""How much memory this process holds, now and at most."""

import resource
import sys
from pathlib import Path

# getrusage(2) counts in KiB on Linux, in bytes on macOS.
_A_MIB = 1024 * 1024 if sys.platform == "darwin" else 1024
_PAGES = Path("/proc/self/statm")  # proc(5): sizes in pages, the second is what is resident


def memory_mib() -> int:
    """Return the memory this process holds, in MiB; where the system cannot tell, the most."""
    if not _PAGES.exists():
        return peak_memory_mib()
    pages = int(_PAGES.read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize() // (1024 * 1024)


def peak_memory_mib() -> int:
    """Return the most memory this process has held at once, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // _A_MIB
