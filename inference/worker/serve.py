"""The worker's two threads: one listens, one reads. What a model does is the pipelines' business."""

import argparse
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path

from inference.bundle import BundleError, load_bundle
from inference.memory import out_of_memory
from inference.pipelines import Explainer, Pipeline, load
from inference.protocol import (
    PROTOCOL,
    Analyse,
    BadMessage,
    Cancel,
    Cancelled,
    Done,
    Explain,
    Explained,
    Failed,
    Hello,
    Job,
    Mistakes,
    Progress,
    Reply,
    ShowMistakes,
    Shutdown,
)
from inference.worker.channel import Channel, take_standard_streams
from inference.worker.checks import BadAnswer, BadInput, check_explanation, check_look, check_read, open_case
from inference.worker.device import Device, NoDevice, be_polite, choose
from inference.worker.jobs import JobCancelled, Jobs

NICENESS = 15
"""The desk paints and scrolls first: 15 leaves the reading a small part of a core that both want."""
PROGRESS_EVERY_S = 0.1
"""Shortest time between two progress lines of a job."""

OpenModel = Callable[[Path, str, str], Pipeline]
"""(bundle folder, SHA-256 of its weights, device) -> a model ready to read. Raises `BundleError`."""


def main(
    words: Sequence[str] | None = None, *, open_model: OpenModel | None = None, warm: bool = True
) -> int:
    """Serve until standard input ends.

    `open_model` and `warm` (load torch at once, not with the first job) are for models outside the package.
    """
    options = _options(words)
    channel = take_standard_streams()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is the desk's: it closes the pipe
    be_polite(options.threads, options.nice)
    try:
        device = choose(options.device)
    except NoDevice as error:
        print(error, file=sys.stderr)
        return 4
    channel.send(
        Hello(
            protocol=PROTOCOL,
            device=device.name,
            memory_bytes=device.memory_bytes,
            software=device.software,
            others=device.others,
        )
    )
    jobs = Jobs()
    threading.Thread(target=listen, args=(channel, jobs), daemon=True).start()
    if warm:
        _load_torch(options.threads)
    serve(channel, jobs, device, open_model or open_bundle)
    os._exit(0)  # not by way of the interpreter's end, which would wait for the listening thread


def listen(channel: Channel, jobs: Jobs) -> None:
    """Take requests while the other thread reads. The end of standard input ends the process, at once."""
    for request in channel.requests():
        match request:
            case Analyse() | Explain() | ShowMistakes():
                if not jobs.put(request):
                    channel.send(Failed("", f"job '{request.job}' is here already; give it another name"))
            case Cancel(job=name):
                if jobs.cancel(name):
                    channel.send(Cancelled(name))
            case Shutdown():
                jobs.close()
            case BadMessage():
                channel.send(Failed(request.job, str(request)))
    os._exit(0)


def serve(channel: Channel, jobs: Jobs, device: Device, open_model: OpenModel) -> None:
    """Answer one job after the other until the queue is closed.

    Models stay loaded, by the hash of their weights.
    """
    loaded: dict[str, Pipeline] = {}

    def model(job: Job) -> Pipeline:
        if job.bundle_sha256 not in loaded:
            loaded[job.bundle_sha256] = open_model(Path(job.bundle), job.bundle_sha256, device.name)
        return loaded[job.bundle_sha256]

    while (job := jobs.take()) is not None:
        report = _Reporter(channel, jobs, job.job)
        reply = answer(job, device, model, report)
        channel.send(Cancelled(job.job) if jobs.finish() else reply)


def answer(
    job: Job,
    device: Device,
    model: Callable[[Job], Pipeline],
    progress: Callable[[float, str], None],
) -> Reply:
    """Do one job; whatever goes wrong becomes one line."""
    try:
        progress(0.0, "loading the model")
        if isinstance(job, Explain):
            return _explained(job, model)
        if isinstance(job, ShowMistakes):
            return _mistaken(job, model, progress)
        return _read(job, device, model, progress)
    except JobCancelled:
        return Cancelled(job.job)
    except (BadInput, BadAnswer, BundleError) as error:
        return Failed(job.job, str(error))
    except Exception as error:
        traceback.print_exc()
        return Failed(job.job, _line(error, device))


def _read(
    job: Analyse,
    device: Device,
    model: Callable[[Job], Pipeline],
    progress: Callable[[float, str], None],
) -> Done:
    started, out = time.monotonic(), Path(job.out)
    opened = open_case(job, device.memory_bytes)
    read = model(job).read(opened.case, out, progress)
    skipped = (*opened.skipped, *read.skipped)
    check_read(read, out)
    return Done(
        job=job.job,
        status="partial" if read.status == "done" and skipped else read.status,
        reason=read.reason,
        device=device.name,
        seconds=time.monotonic() - started,
        operating_point=read.operating_point,
        domain=read.domain,
        candidates=read.candidates,
        scores=read.scores,
        skipped_images=skipped,
        measurements=read.measurements,
    )


def _explained(job: Explain, model: Callable[[Job], Pipeline]) -> Explained:
    check_look(job)
    explainer, out = model(job), Path(job.out)
    if not isinstance(explainer, Explainer):
        raise BundleError(f"{job.bundle}: this model cannot explain its findings")
    said = explainer.explain(job, out)
    check_explanation(said.heat, said.image_heat, out)
    return Explained(job=job.job, heat=said.heat, image_heat=said.image_heat, faithfulness=said.faithfulness)


def _mistaken(
    job: ShowMistakes, model: Callable[[Job], Pipeline], progress: Callable[[float, str], None]
) -> Mistakes:
    from inference.explain.mistakes import mistakes  # phantoms and films are of no use to a read

    data = Path(job.data) if job.data else None
    bundle = load_bundle(Path(job.bundle))
    return Mistakes(job=job.job, mistakes=mistakes(bundle, model(job), data, Path(job.out), progress))


def open_bundle(folder: Path, sha256: str, device: str) -> Pipeline:
    """The pipeline of an installed bundle, after its hash was found to be what the job says."""
    bundle = load_bundle(folder, verify=True)
    if bundle.sha256 != sha256:
        raise BundleError(
            f"{folder}: weights {bundle.sha256[:12]} found, {sha256[:12]} asked for; "
            "the model was changed while the desk ran: start it again"
        )
    return load(bundle, folder, device)


class _Reporter:
    """The pipeline's progress callback: a line now and then, and the place where a cancelled job stops."""

    def __init__(self, channel: Channel, jobs: Jobs, job: str) -> None:
        self._channel, self._jobs, self._job = channel, jobs, job
        self._last = -1.0

    def __call__(self, done: float, doing: str) -> None:
        self._jobs.stop_if_cancelled()
        now = time.monotonic()
        if now - self._last >= PROGRESS_EVERY_S:
            self._last = now
            self._channel.send(Progress(self._job, min(max(0.0, done), 1.0), doing))


def _load_torch(threads: int) -> None:
    """Load what every model needs, so that the first job does not wait for it."""
    import torch

    torch.set_num_threads(threads)


def _line(error: Exception, device: Device) -> str:
    """One line about an error that no one foresaw."""
    if out_of_memory(error):
        return f"not enough memory on {device.name} to read this; close other programs or use --device cpu"
    text = str(error).strip().split("\n")[0]
    return f"the model broke off: {type(error).__name__}: {text}"


def _options(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m inference.worker", description=__doc__)
    parser.add_argument("--device", default="auto", help="auto (CUDA, then CPU), cuda, cuda:1 or cpu")
    parser.add_argument("--threads", type=int, default=1, help="computing threads on the CPU (default: 1)")
    parser.add_argument(
        "--nice",
        type=int,
        default=NICENESS,
        help=f"how far other programs go first, 0 to 19 (default: {NICENESS}, beside a window)",
    )
    return parser.parse_args(words)
