"""Pixels into stacks: which slice next, on which thread. How one is read is in `pixel_reader`."""

import logging
import threading
from bisect import bisect_left
from collections.abc import Callable
from weakref import WeakValueDictionary, ref

import numpy as np

from viewer.app.decode_pool import DecodePool
from viewer.app.pixel_reader import PixelReader
from viewer.app.sources import Sources
from viewer.app.stack import Stack
from viewer.core.dicom.display_set import DisplaySet
from viewer.core.dicom.instance import Instance
from viewer.core.dicom.problem import DicomError, Problem
from viewer.core.dicom.syntax import syntax_of

__all__ = ["Loader", "Stack"]

OnReady = Callable[[Stack, int], None]
"""Called on a loader's thread each time a slice is ready or has a problem: be quick, touch no widget."""

_SHARE_OF_MEMORY = 0.6
"""A stack may take this share of the memory that is free; smaller ones than this many bytes always:"""
_ALWAYS_ALLOWED = 1 << 29


class Loader:
    """Opens display sets, as many at once as wanted; the one opened last is loaded first. `close` it."""

    def __init__(self, prepare: OnReady = lambda stack, slice_index: None) -> None:
        """`prepare` makes something of a slice before it counts as ready; on a loader's thread."""
        self._sources = Sources()
        self._prepare = prepare
        self._pool = DecodePool()
        self._reader = PixelReader(self._sources, self._pool)
        self._changed = threading.Condition()
        self._jobs: list[_Job] = []
        self._stacks: WeakValueDictionary[str, Stack] = WeakValueDictionary()
        self._threads: list[threading.Thread] = []
        self._working = 0
        self._alone = False
        self._closed = False

    def warm(self) -> None:
        """Start a decode process already, where compressed images are to be expected."""
        self._pool.warm()

    def open(
        self, display_set: DisplaySet, first: int | None = None, on_ready: OnReady | None = None
    ) -> Stack:
        """The stack of `display_set`, at once; its slices come, nearest to slice `first` (the middle) first.

        A display set that is open already gives the same stack, where some slices may be ready; one that has
        grown gives a new stack, in which what was there is ready. Raises `DicomError` where memory would not
        do, or it is no image.
        """
        with self._changed:
            known = self._stacks.get(display_set.id)
            if known is not None and known.display_set == display_set:
                self._join(known, first, on_ready)
                return known
            _refuse_what_does_not_fit(display_set)
            stack = Stack(display_set)
            if known is not None:
                _take_over(known, stack)
                self._jobs = [job for job in self._jobs if job.stack() is not known]
            self._stacks[display_set.id] = stack
            self._jobs.append(_Job(stack, display_set.count // 2 if first is None else first, on_ready))
            self._start_threads()
            self._changed.notify_all()
        return stack

    def _join(self, stack: Stack, first: int | None, on_ready: OnReady | None) -> None:
        for job in self._jobs:
            if job.stack() is stack:
                job.centre = job.centre if first is None else first
                job.listeners += () if on_ready is None else (on_ready,)

    def prefer(self, stack: Stack, slice_index: int) -> None:
        """Load the slices near `slice_index` next: the reader is there."""
        with self._changed:
            for job in self._jobs:
                if job.stack() is stack:
                    job.centre = slice_index

    def complete(self, display_set: DisplaySet, cancelled: Callable[[], bool] | None = None) -> Stack:
        """The stack with every slice that can be had; waits. Returns early once `cancelled` says so."""
        stack = self.open(display_set)
        with self._changed:
            while not stack.complete and not self._closed and not (cancelled is not None and cancelled()):
                self._changed.wait(0.1)
        return stack

    def close(self) -> None:
        """Stop loading, end the decode processes, close all files. Stacks stay as they are."""
        with self._changed:
            self._closed = True
            self._jobs.clear()
            self._changed.notify_all()
        self._pool.close()
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join()
        self._sources.close()

    def _start_threads(self) -> None:
        while len(self._threads) < self._pool.size and not self._closed:
            name = f"loader {len(self._threads)}"
            self._threads.append(threading.Thread(target=self._work, name=name, daemon=True))
            self._threads[-1].start()

    def _work(self) -> None:
        while (task := self._wait_for_task()) is not None:
            self._do(*task)
            del task  # a stack that nobody else holds is not kept alive by a waiting thread
            with self._changed:
                self._working -= 1

    def _wait_for_task(self) -> "tuple[Stack, int, _Job] | None":
        """The next slice to load; None once the loader is closed.

        Of single images (mammograms) the first one after a pause is loaded alone: both cores make it ready,
        and the reader sees it in half the time that two at once would take.
        """
        with self._changed:
            while not self._closed:
                task = None if self._alone else self._next()
                if task is not None:
                    self._alone = self._working == 0 and _is_made_here(task[0])
                    self._working += 1
                    return task
                self._changed.wait()
        return None

    def _next(self) -> "tuple[Stack, int, _Job] | None":
        while self._jobs:
            job = self._jobs[-1]
            stack, slice_index = job.stack(), job.take()
            if stack is not None and slice_index is not None:
                return stack, slice_index, job
            self._jobs.pop()
        return None

    def _do(self, stack: Stack, slice_index: int, job: "_Job") -> None:
        problem = self._load(stack, slice_index)
        if problem is None:
            self._make_ready(stack, slice_index)
        with self._changed:
            self._alone = False
            if problem is None:
                stack.ready[slice_index] = True
            else:
                stack.problems[slice_index] = problem
            self._changed.notify_all()
        for listener in job.listeners:
            if not self._closed:
                listener(stack, slice_index)

    def _make_ready(self, stack: Stack, slice_index: int) -> None:
        try:
            self._prepare(stack, slice_index)
        except Exception:  # the image is there: whoever shows it makes the rest
            logging.getLogger(__name__).exception("preparing slice %d", slice_index)

    def _load(self, stack: Stack, slice_index: int) -> Problem | None:
        instance = stack.instance(slice_index)
        rgb = None if stack.rgb is None else stack.rgb[slice_index]
        try:
            self._reader.read(instance, stack.codes[slice_index], rgb)
            overlays = self._reader.overlays(instance)
            if overlays:
                stack.overlays[slice_index] = overlays
        except DicomError as error:
            return error.problem
        except Exception as error:  # no fault of one image may end the thread
            stack.codes[slice_index] = 0
            return Problem(str(instance.location), "", repr(error), "", "this image cannot be shown")
        return None


class _Job:
    """The slices of one stack that are still to be loaded."""

    def __init__(self, stack: Stack, centre: int, on_ready: OnReady | None) -> None:
        self.stack = ref(stack)
        self.centre = centre
        self.listeners: tuple[OnReady, ...] = () if on_ready is None else (on_ready,)
        self._waiting = [k for k in sorted(stack.display_set.slots) if not stack.ready[k]]

    def take(self) -> int | None:
        """The waiting slice nearest to the centre."""
        if not self._waiting:
            return None
        after = bisect_left(self._waiting, self.centre)
        nearest = min(
            (k for k in (after - 1, after) if 0 <= k < len(self._waiting)),
            key=lambda k: abs(self._waiting[k] - self.centre),
        )
        return self._waiting.pop(nearest)


def _take_over(old: Stack, new: Stack) -> None:
    """Copy the slices that both stacks have."""
    if old.codes.shape[1:] != new.codes.shape[1:] or (old.rgb is None) != (new.rgb is None):
        return
    there = {_name(old.instance(int(k))): int(k) for k in np.flatnonzero(old.ready)}
    for instance, slot in zip(new.display_set.instances, new.display_set.slots, strict=True):
        source = there.get(_name(instance))
        if source is None:
            continue
        new.codes[slot] = old.codes[source]
        if new.rgb is not None and old.rgb is not None:
            new.rgb[slot] = old.rgb[source]
        if source in old.overlays:
            new.overlays[slot] = old.overlays[source]
        new.ready[slot] = True


def _is_made_here(stack: Stack) -> bool:
    """True for a single image that no decode process works on."""
    return stack.display_set.count == 1 and not syntax_of(stack.instance(0).transfer_syntax_uid).codec


def _name(instance: Instance) -> tuple[object, ...]:
    return (instance.location, instance.sop_instance_uid, instance.frame, instance.pixel_offset)


def _refuse_what_does_not_fit(display_set: DisplaySet) -> None:
    first = display_set.instances[0]
    if display_set.kind != "image":
        found = f"a {display_set.kind}"
        raise DicomError(
            Problem(str(first.location), "(0008,0016)", found, "an image", "it has no pixels to show")
        )
    needed = display_set.count * first.rows * first.columns * (5 if first.colour else 2)
    if needed <= _ALWAYS_ALLOWED:
        return
    import psutil  # only large series need to ask

    free = psutil.virtual_memory().available
    if needed > free * _SHARE_OF_MEMORY:
        found, allowed = f"{needed >> 20} MB of pixels", f"{int(free * _SHARE_OF_MEMORY) >> 20} MB"
        raise DicomError(
            Problem(str(first.location), "", found, allowed, "this series does not fit into memory")
        )
