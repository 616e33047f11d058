"""The command line: the one place where the parts are put together. A command imports only what it needs."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from viewer.app.exit_codes import ExitCode, table
from viewer.app.program_log import keep_log

if TYPE_CHECKING:
    from viewer.app.report_material import Press

Run = Callable[[argparse.Namespace], int]

ABOUT = """\
Tandem: a radiologist's viewer with an AI second reader beside it.
Research software. Not a medical device.

Without a command the window opens. The reader reads first; the model's findings
stay sealed until the reader commits (Shift+Enter)."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `tandem ARGUMENTS`; returns the exit code (`tandem --help` lists them)."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    options = parser().parse_args(words)
    keep_log()
    run: Run = options.run
    try:
        return run(options)
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return ExitCode.STOPPED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return ExitCode.DONE


def parser() -> argparse.ArgumentParser:
    """All commands with their options and help."""
    top = argparse.ArgumentParser(
        prog="tandem",
        description=ABOUT,
        epilog=f"Exit codes:\n{table()}\n\nFolders: TANDEM_HOME, else the per-user data folder. "
        "TANDEM_READER=NAME answers 'who reads?'.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"tandem {_version()}")
    top.set_defaults(run=_window, paths=[], backend=None)
    commands = top.add_subparsers(title="commands", metavar="COMMAND")
    _add_reading(commands)
    _add_models(commands)
    _add_protocols(commands)
    _add_checks(commands)
    return top


def _add_reading(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    open_ = commands.add_parser("open", help="open the window on files, folders, ZIPs or DICOMDIRs")
    open_.add_argument("paths", nargs="+", type=Path, metavar="PATH")
    open_.add_argument("--backend", choices=("cpu", "gl"), help="force a way of drawing (see tandem doctor)")
    open_.set_defaults(run=_window)

    read = commands.add_parser(
        "read", help="second read without a window: objects, report, pictures, findings.json"
    )
    read.add_argument("paths", nargs="+", type=Path, metavar="PATH")
    read.add_argument("--out", required=True, type=Path, metavar="DIR", help="where everything is written")
    read.add_argument(
        "--bundle", action="append", default=[], metavar="ID", help="only this model (may be repeated)"
    )
    read.add_argument("--device", default="auto", help="auto, cuda or cpu (default: auto)")
    read.set_defaults(run=_read)

    demo = commands.add_parser("demo", help="make the demonstration study (a phantom) and open or read it")
    demo.add_argument("--mammography", action="store_true", help="a screening mammography with its prior")
    demo.add_argument("--no-window", action="store_true", help="read it without a window")
    demo.set_defaults(run=_demo)

    render = commands.add_parser("render", help="an image through the display pipeline to PNG")
    render.add_argument("file", type=Path, metavar="FILE")
    render.add_argument("--out", required=True, type=Path, metavar="DIR")
    render.add_argument(
        "--window", type=_window_pair, metavar="CENTRE,WIDTH", help="instead of the image's own"
    )
    render.add_argument(
        "--size", type=_size_pair, metavar="WxH", help="instead of one pixel per stored pixel"
    )
    render.set_defaults(run=_render)


def _add_models(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    models = commands.add_parser("models", help="the installed models: list, info, verify, install")
    actions = models.add_subparsers(required=True, metavar="ACTION")
    for name, text in (
        ("list", "one line per model"),
        ("info", "the card of a model"),
        ("verify", "check hashes and contracts of all models, or of one"),
    ):
        action = actions.add_parser(name, help=text)
        action.add_argument("id", nargs=None if name == "info" else "?", metavar="ID")
        action.set_defaults(run=_models, action=name)
    install = actions.add_parser(
        "install", help="a MONAI bundle, a torch checkpoint or a safetensors file (docs/models.md)"
    )
    install.add_argument("path", type=Path, metavar="PATH")
    install.add_argument("--config", type=Path, metavar="TOML", help="a description of the model")
    install.add_argument("--replace", action="store_true", help="in the place of the site's model of that id")
    install.set_defaults(run=_install)

    prepare = commands.add_parser(
        "prepare", help="DICOM and truth to prepared cases for training and evaluation"
    )
    prepare.add_argument("paths", nargs="+", type=Path, metavar="PATH")
    prepare.add_argument("--out", required=True, type=Path, metavar="CASES")
    prepare.set_defaults(run=_prepare)

    train = commands.add_parser(
        "train",
        help="train a model, or adapt one to this site's cases (tandem train --help)",
        prefix_chars="\0",  # every word, options too, goes to the training
        add_help=False,
    )
    train.add_argument("words", nargs="*", metavar="...")
    train.set_defaults(run=_train)

    evaluate = commands.add_parser(
        "evaluate", help="FROC with bootstrap intervals over patients, on prepared cases"
    )
    evaluate.add_argument("bundle", metavar="BUNDLE", help="id of an installed model, or a folder")
    evaluate.add_argument("cases", type=Path, metavar="CASES")
    evaluate.add_argument("--out", type=Path, metavar="DIR", help="JSON and HTML page with plots")
    evaluate.set_defaults(run=_evaluate)


def _add_protocols(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    protocols = commands.add_parser(
        "protocols", help="hanging protocols: list, export and import as DICOM objects"
    )
    actions = protocols.add_subparsers(required=True, metavar="ACTION")
    listed = actions.add_parser("list", help="one line per protocol")
    export = actions.add_parser("export", help="write a protocol as a DICOM Hanging Protocol object")
    export.add_argument("name", metavar="NAME", help="as tandem protocols list has it")
    import_ = actions.add_parser("import", help="take a DICOM Hanging Protocol object over")
    import_.add_argument("--replace", action="store_true", help="in place of one of the same name")
    for action in (export, import_):
        action.add_argument("path", type=Path, metavar="FILE")
    for name, action in (("list", listed), ("export", export), ("import", import_)):
        action.set_defaults(run=_protocols, action=name)


def _add_checks(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    doctor = commands.add_parser(
        "doctor", help="what this machine can do: display, GPU, codecs, disk, versions"
    )
    doctor.set_defaults(run=_doctor)
    log = commands.add_parser("log", help="the event log: verify that every chain holds")
    actions = log.add_subparsers(required=True, metavar="ACTION")
    verify = actions.add_parser("verify", help="prove every hash chain; exit code 0 only if all hold")
    verify.set_defaults(run=_log_verify)


# --- the commands


def _window(options: argparse.Namespace) -> int:
    import viewer.app.desk  # noqa: F401 - before Qt, which searches the source of what is imported after it
    from viewer.ui.run import run

    return run(options.paths, backend=options.backend)


def _read(options: argparse.Namespace) -> int:
    from viewer.app.read_command import read_command

    return read_command(
        options.paths, options.out, bundles=options.bundle, device=options.device, printer=_printer
    )


def _demo(options: argparse.Namespace) -> int:
    from viewer.app.home import home
    from viewer.app.progress import progress_bar

    with progress_bar("Making the demonstration study") as progress:
        if options.mammography:
            from viewer.app.demo.breast.write import write_mammography

            folder = write_mammography(home(), progress=progress)
        else:
            from viewer.app.demo.chest import write_demo

            folder = write_demo(home(), progress=progress)
    if _has_display() and not options.no_window:
        options.paths, options.backend = [folder], None
        return _window(options)
    options.paths, options.out, options.bundle, options.device = (
        [folder],
        home() / "demo" / "read",
        [],
        "auto",
    )
    return _read(options)


def _render(options: argparse.Namespace) -> int:
    from viewer.app.render import render_command

    return render_command(options.file, options.out, window=options.window, size=options.size)


def _models(options: argparse.Namespace) -> int:
    from viewer.app.models_command import models_command

    return models_command(options.action, options.id)


def _protocols(options: argparse.Namespace) -> int:
    from viewer.app.protocol_objects import protocols_command

    chosen = {key: value for key, value in vars(options).items() if key in ("name", "path", "replace")}
    return protocols_command(options.action, **chosen)


def _install(options: argparse.Namespace) -> int:
    from viewer.app.install_command import install_command

    return install_command(options.path, options.config, replace=options.replace)


def _prepare(options: argparse.Namespace) -> int:
    from viewer.app.prepare import prepare_command

    return prepare_command(options.paths, options.out)


def _train(options: argparse.Namespace) -> int:
    from viewer.app.train_command import train_command

    return train_command(options.words)


def _evaluate(options: argparse.Namespace) -> int:
    from viewer.app.home import home
    from viewer.app.second_read.installed import installed, named

    folder = Path(options.bundle)
    if not folder.is_dir():
        try:
            folder = named(installed(home())[0], [options.bundle])[0][0]
        except LookupError as error:
            print(f"{error}, nor is there a folder of that name", file=sys.stderr)
            return ExitCode.USAGE
    out = [] if options.out is None else ["--out", str(options.out)]
    return _inference("inference.training.evaluate", str(folder), str(options.cases), *out)


def _doctor(options: argparse.Namespace) -> int:
    from viewer.app.doctor import doctor

    return doctor()


def _log_verify(options: argparse.Namespace) -> int:
    from viewer.app.log_command import verify_command

    return verify_command()


# --- small parts


def _printer() -> "Press":
    """What paints key images and PDF without a window; Qt loads here, after the second read has begun."""
    from viewer.ui import print as press

    _alive.append(press.offscreen_application())
    return press


_alive: list[object] = []
"""Qt's application: it must outlive whatever it paints."""


def _inference(module: str, *words: str) -> int:
    """Run a command of the second reader in a process of its own: this one never loads torch."""
    import subprocess

    return subprocess.call([sys.executable, "-m", module, *words])


def _has_display() -> bool:
    if not sys.platform.startswith("linux"):
        return True
    names = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    return any(os.environ.get(name, "") not in ("", "offscreen", "minimal") for name in names)


def _window_pair(text: str) -> tuple[float, float]:
    """CENTRE,WIDTH as two numbers."""
    centre, separator, width = text.partition(",")
    try:
        pair = float(centre), float(width)
    except ValueError:
        separator = ""
        pair = 0.0, 0.0
    if not separator or not pair[1] >= 1:
        raise argparse.ArgumentTypeError(f"found {text!r}, allowed CENTRE,WIDTH with a width of 1 or more")
    return pair


def _size_pair(text: str) -> tuple[int, int]:
    """WxH as two whole numbers."""
    width, _, height = text.lower().partition("x")
    if not (
        width.isdecimal() and height.isdecimal() and 0 < int(width) <= 16384 and 0 < int(height) <= 16384
    ):
        raise argparse.ArgumentTypeError(f"found {text!r}, allowed WxH in pixels, each 1 to 16384")
    return int(width), int(height)


def _version() -> str:
    from importlib.metadata import version

    return version("tandem")
