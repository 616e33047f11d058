"""A reader's keyboard: xdotool, on the X11 screen of this test run."""

import subprocess
import time


def xdotool(*words: str) -> str:
    return subprocess.run(["xdotool", *words], check=True, capture_output=True, text=True).stdout


def activate(program: "subprocess.Popen[bytes]") -> None:
    """Give the program's window the keyboard."""
    window = xdotool("search", "--sync", "--onlyvisible", "--pid", str(program.pid), "--name", "Tandem")
    xdotool("windowactivate", "--sync", window.split()[-1])


def press(*keys: str) -> None:
    """Press keys one after the other, as fast as a reader would."""
    for key in keys:
        xdotool("key", "--clearmodifiers", key)
        time.sleep(0.12)
