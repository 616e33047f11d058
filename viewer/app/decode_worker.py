"""The decode process: `python -m viewer.app.decode_worker`. It knows no file, only frames.

A compressed frame comes in on standard input, its samples go out on standard output, one at a time. What a
damaged frame does to the process costs that frame only.
"""

import os
import struct
import sys
from typing import BinaryIO

from viewer.core.dicom.decode import decode

REQUEST = struct.Struct("<8sHHBBI")
"""Codec, rows, columns, samples a pixel, bytes a sample, length of the frame that follows."""
REPLY = struct.Struct("<BBI")
"""0 and bytes a sample, or 1; length of what follows: samples (rows, columns[, samples]) or an error text."""

MEMORY_AT_MOST = 4 << 30


def serve(requests: BinaryIO, replies: BinaryIO) -> None:
    """Answer requests until they end."""
    while len(head := requests.read(REQUEST.size)) == REQUEST.size:
        codec, rows, columns, samples, itemsize, length = REQUEST.unpack(head)
        data = requests.read(length)
        shape = (rows, columns) if samples == 1 else (rows, columns, samples)
        try:
            out = decode(codec.rstrip(b"\0").decode(), data, shape, itemsize)
            replies.write(REPLY.pack(0, out.dtype.itemsize, out.nbytes))
            replies.write(out.data)
        except Exception as error:  # decoders raise what they like; the frame is lost, the process goes on
            text = f"{type(error).__name__}: {error}".encode()[:1000]
            replies.write(REPLY.pack(1, 0, len(text)) + text)
        replies.flush()


def _limit_memory() -> None:
    try:
        import resource
    except ImportError:  # Windows has no such limits
        return
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    limit = MEMORY_AT_MOST if hard == resource.RLIM_INFINITY else min(hard, MEMORY_AT_MOST)
    resource.setrlimit(resource.RLIMIT_AS, (limit, hard))


def main() -> None:
    """Serve standard input; what decoders print goes to standard error, never among the replies."""
    _limit_memory()
    with os.fdopen(os.dup(1), "wb") as replies:
        os.dup2(2, 1)
        serve(sys.stdin.buffer, replies)


if __name__ == "__main__":
    main()
