"""The native decoders, for decode processes only: a damaged frame may end the process that runs them."""

from collections.abc import Callable
from importlib import import_module

import numpy as np
from numpy.typing import NDArray

Decoder = Callable[[bytes, tuple[int, ...], int], NDArray[np.generic]]


def decode(codec: str, data: bytes, shape: tuple[int, ...], itemsize: int) -> NDArray[np.generic]:
    """Samples of one frame as uint8 or uint16 in `shape`: (rows, columns) or (rows, columns, samples).

    codec: "jpeg", "jpegls", "j2k" or "rle"; itemsize: bytes of an allocated sample (RLE does not say it).
    Raises whatever the decoder raises, or ValueError where it gives another picture than was declared.
    """
    out = DECODERS[codec](data, shape, itemsize)
    if out.ndim == len(shape) + 1 and out.shape[-1] == 1:
        out = out[..., 0]
    if out.shape != shape or out.dtype.itemsize not in (1, 2):
        raise ValueError(f"the decoder gave {out.shape} {out.dtype} where {shape} was declared")
    return np.ascontiguousarray(out.view(f"u{out.dtype.itemsize}"))


def available_decoders() -> dict[str, str]:
    """For each family of transfer syntaxes the decoder that is installed, or ""."""
    wanted = {
        "JPEG baseline, extended, lossless": ("imagecodecs._jpeg8", "imagecodecs"),
        "JPEG-LS": ("imagecodecs._jpegls", "imagecodecs"),
        "JPEG 2000 and high-throughput JPEG 2000": ("imagecodecs._jpeg2k", "imagecodecs"),
        "RLE": ("imagecodecs._imcd", "imagecodecs"),
    }
    return {family: name if _loads(module) else "" for family, (module, name) in wanted.items()}


def _loads(module: str) -> bool:
    try:
        import_module(module)
    except ImportError:
        return False
    return True


def _jpeg(data: bytes, shape: tuple[int, ...], itemsize: int) -> NDArray[np.generic]:
    import imagecodecs  # each codec is loaded when the first frame asks for it

    if not data.rstrip(b"\0\xff").endswith(b"\xff\xd9"):
        raise ValueError("the frame ends early")  # the decoder would fill up what is missing
    if len(shape) == 2:
        return imagecodecs.jpeg_decode(data)
    # naming the same space twice leaves the components as they are: what they mean is judged by the caller
    return imagecodecs.jpeg_decode(data, colorspace="RGB", outcolorspace="RGB")


def _jpegls(data: bytes, shape: tuple[int, ...], itemsize: int) -> NDArray[np.generic]:
    import imagecodecs

    return imagecodecs.jpegls_decode(data)


def _j2k(data: bytes, shape: tuple[int, ...], itemsize: int) -> NDArray[np.generic]:
    import imagecodecs

    return imagecodecs.jpeg2k_decode(data, numthreads=1)


def _rle(data: bytes, shape: tuple[int, ...], itemsize: int) -> NDArray[np.generic]:
    import imagecodecs

    flat = np.frombuffer(imagecodecs.dicomrle_decode(data, f"<u{itemsize}"), f"<u{itemsize}")
    if len(shape) == 2:
        return flat.reshape(shape)
    return flat.reshape(shape[2], shape[0], shape[1]).transpose(1, 2, 0)


DECODERS: dict[str, Decoder] = {"jpeg": _jpeg, "jpegls": _jpegls, "j2k": _j2k, "rle": _rle}
