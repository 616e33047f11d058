"""The look: colours, type and measures from resources/styles/tokens.toml, and the style sheet made of them.

Everything that paints asks here; no colour or font size stands anywhere else.
"""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from string import Template

from PySide6.QtGui import QColor, QFont, QPalette
from PySide6.QtWidgets import QApplication

RESEARCH_NOTICE = "Research software. Not a medical device."


@dataclass(frozen=True, slots=True)
class Role:
    """One role of the type scale: px at pixel ratio 1."""

    size: int
    weight: int
    line: int


@dataclass(frozen=True, slots=True)
class Tokens:
    """The design tokens, as read. `grid`, `radius`, `stroke`: px at pixel ratio 1."""

    colour: dict[str, str]
    families: tuple[str, ...]
    features: tuple[str, ...]
    roles: dict[str, Role]
    grid: dict[str, int]
    radius: dict[str, int]
    stroke: dict[str, float]
    heat_stops: tuple[tuple[float, str], ...]
    heat_alpha: tuple[tuple[float, float], ...]
    heat_caveat: str


@cache
def tokens() -> Tokens:
    """The tokens of the installed style."""
    text = resources.files("resources").joinpath("styles", "tokens.toml").read_text(encoding="utf-8")
    raw = tomllib.loads(text)
    kind = raw["type"]
    return Tokens(
        colour={name: value for name, value in raw["colour"].items() if isinstance(value, str)},
        families=(kind["family"], *kind["fallback"]),
        features=tuple(kind["features"]),
        roles={
            name: Role(*value)
            for name, value in kind.items()
            if isinstance(value, list) and all(isinstance(n, int) for n in value)
        },
        grid={name: value for name, value in raw["grid"].items() if isinstance(value, int)},
        radius=dict(raw["radius"]),
        stroke=dict(raw["stroke"]),
        heat_stops=tuple((at, colour) for at, colour in raw["heat"]["stops"]),
        heat_alpha=tuple((at, alpha) for at, alpha in raw["heat"]["alpha"]),
        heat_caveat=raw["heat"]["caveat"],
    )


@cache
def colour(name: str) -> QColor:
    """A colour by its token. Cached and shared: do not change it, copy it first."""
    return QColor(tokens().colour[name])


@cache
def font(role: str, scale: float = 1.0) -> QFont:
    """The font of a role; `scale` is the device pixel ratio for painters that work in device pixels."""
    kind = tokens().roles[role]
    out = QFont()
    out.setFamilies(list(tokens().families))
    out.setPixelSize(max(1, round(kind.size * scale)))
    out.setWeight(QFont.Weight(kind.weight))
    out.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
    for feature in tokens().features:
        out.setFeature(QFont.Tag(feature), 1)
    return out


def px(name: str) -> int:
    """A measure of the grid, px at pixel ratio 1."""
    return tokens().grid[name]


@cache
def style_sheet() -> str:
    """The style sheet: resources/styles/tandem.qss with the tokens filled in."""
    text = resources.files("resources").joinpath("styles", "tandem.qss").read_text(encoding="utf-8")
    kind = tokens()
    values = dict(kind.colour)
    values |= {f"radius_{name}": f"{value}px" for name, value in kind.radius.items()}
    values |= {f"size_{name}": f"{role.size}px" for name, role in kind.roles.items()}
    values |= {f"weight_{name}": str(role.weight) for name, role in kind.roles.items()}
    return Template(text).substitute(values)


def apply(app: QApplication) -> None:
    """Give the application its fonts, colours and style sheet. Once, before the first window."""
    app.setStyle("Fusion")
    app.setFont(font("body"))
    app.setPalette(_palette())
    app.setStyleSheet(style_sheet())


def _palette() -> QPalette:
    palette = QPalette()
    roles = {
        QPalette.ColorRole.Window: "ground",
        QPalette.ColorRole.Base: "control",
        QPalette.ColorRole.AlternateBase: "panel",
        QPalette.ColorRole.Button: "control",
        QPalette.ColorRole.ToolTipBase: "raised",
        QPalette.ColorRole.WindowText: "text",
        QPalette.ColorRole.Text: "text",
        QPalette.ColorRole.ButtonText: "text",
        QPalette.ColorRole.ToolTipText: "text",
        QPalette.ColorRole.PlaceholderText: "text_3",
        QPalette.ColorRole.Highlight: "accent_fill",
        QPalette.ColorRole.HighlightedText: "on_accent",
        QPalette.ColorRole.Link: "accent",
    }
    for role, name in roles.items():
        palette.setColor(role, colour(name))
    palette.setColor(QPalette.ColorGroup.Disabled, QPalette.ColorRole.ButtonText, colour("text_3"))
    palette.setColor(QPalette.ColorGroup.Disabled, QPalette.ColorRole.WindowText, colour("text_3"))
    return palette
