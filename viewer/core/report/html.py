"""The page as HTML: one for a screen (and for paper from a browser), one for Qt's painter of rich text.

Templates lie in resources/templates; colours come from the design tokens.
"""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from markupsafe import Markup

from viewer.core.report.inert import inert
from viewer.core.report.page import Page

if TYPE_CHECKING:
    from jinja2 import Environment

PAPER = {
    "ground": "#ffffff",
    "image": "#000000",
    "panel": "#ffffff",
    "raised": "#f1f3f5",
    "line": "#c9d0d6",
    "line_strong": "#6e7a87",
    "text": "#15191d",
    "text_2": "#3d4751",
    "text_3": "#55606b",
    "model": "#5a3fb5",
    "reader": "#6d5d00",
    "warning": "#97490a",
    "warning_fill": "#fdf1e6",
    "danger": "#a81e22",
    "danger_fill": "#fdecec",
}
"""The tokens on white paper: the same hues, dark. Contrast on white is at least 5.9:1."""


_CUT = Markup("\f")
"""Between the blocks of the print form: a control character, so no text of others can hold one."""


def report_html(page: Page, images: Mapping[str, str]) -> str:
    """A self-contained page. `images`: key of a card -> where its picture is (data URI or path)."""
    return _render("report.html", page, images)


def print_blocks(page: Page, images: Mapping[str, str]) -> tuple[str, ...]:
    """The same content, dark on white, in blocks that should each stay on one page.

    No more than QTextDocument lays out: tables, few styles.
    """
    return tuple(_render("report_print.html", page, images).split(_CUT))


def _render(name: str, page: Page, images: Mapping[str, str]) -> str:
    template = _environment().get_template(name)
    return template.render(page=page, images=images, screen=_tokens(), paper=PAPER, cut=_CUT)


@cache
def _environment() -> "Environment":
    from jinja2 import Environment, PackageLoader, StrictUndefined  # not before the first report

    return Environment(
        loader=PackageLoader("resources"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_finalize,
    )


def _finalize(value: object) -> object:
    """Every text that reaches a page is inert; what the template itself made stays as it is."""
    return value if isinstance(value, Markup) else inert(str(value))


@cache
def _tokens() -> dict[str, str]:
    raw = tomllib.loads(files("resources").joinpath("styles", "tokens.toml").read_text(encoding="utf-8"))
    return {name: value for name, value in raw["colour"].items() if isinstance(value, str)}
