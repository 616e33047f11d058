"""`resolve`: from the desk to one frozen display state. Pure: it reads, it never changes or waits."""

from collections.abc import Mapping, Sequence

from viewer.app import posing, viewing
from viewer.app.desk import Desk
from viewer.app.display import Banner, Cell, DisplayState, Severity
from viewer.app.resolve import chrome
from viewer.app.resolve.findings import panel
from viewer.app.resolve.studies import priors, series, study_list
from viewer.app.resolve.viewports import two_patients, viewports
from viewer.core.hanging.layout import Box

__all__ = ["resolve"]


def resolve(desk: Desk) -> DisplayState:
    """Everything on screen, as values."""
    reading, report = desk.screen.page == "reading", desk.screen.page == "report"
    study = desk.study
    if report:
        from viewer.app.resolve.report import (  # the report's parts, when it is asked for
            report_page,
            report_panel,
        )
    return DisplayState(
        title="Tandem" if study is None else f"Tandem: {chrome.patient(desk)[0]}",
        patient=chrome.patient(desk),
        study=chrome.study_lines(desk),
        steps=chrome.steps(desk),
        chips=chrome.chips(desk),
        banners=_banners(desk),
        series=series(desk) if reading else (),
        series_open=desk.screen.series_open,
        priors=priors(desk) if reading else (),
        viewports=viewports(desk) if reading else (),
        maximised=desk.views.maximised,
        tool=desk.views.tool,
        marks_on=desk.review.marks_on,
        panel=report_panel(desk) if report else panel(desk),
        hints=chrome.hints(desk, desk.commands),
        status=desk.screen.status,
        status_severity=desk.screen.severity,
        saved=chrome.saved(desk),
        jobs=desk.jobs.lines(),
        question=desk.screen.question,
        not_loaded=tuple(problem.line() for problem in desk.search.not_loaded),
        page=desk.screen.page,
        cells=_cells(desk),
        report=report_page(desk) if report else None,
        studies=study_list(desk) if desk.screen.page == "studies" else None,
        overlay=chrome.overlay(desk, desk.commands),
        probe=viewing.probe_text(desk) if reading else "",
        full_screen=desk.screen.full_screen,
        spread=desk.screen.spread,
        quitting=desk.screen.quitting,
    )


def _banners(desk: Desk) -> tuple[Banner, ...]:
    """Across the window: two patients, and what is wrong with the identity of the study."""
    study = desk.study
    told = () if study is None else study.warnings
    grave = tuple(
        Banner(Severity.DANGER, "Check the patient", w.message) for w in told if w.severity == "danger"
    )
    trouble = "" if desk.log is None else desk.log.trouble
    lost = (Banner(Severity.DANGER, "The record cannot be written", trouble),) if trouble else ()
    return (*two_patients(desk), *grave, *lost)


def _cells(desk: Desk) -> tuple[Cell, ...]:
    views = desk.views
    if views.maximised:
        screen = views.box(views.view(views.maximised)).screen
        return (Cell(views.maximised, 0.0, 0.0, 1.0, 1.0, screen=screen),)
    edges = {view.id: posing.pose(desk, view).edge for view in views.hung}
    return tuple(
        Cell(
            str(n),
            box.left,
            box.top,
            box.width,
            box.height,
            _joined(views.layout.boxes, edges, n),
            box.screen,
        )
        for n, box in enumerate(views.layout.boxes, start=1)
    )


def _joined(boxes: Sequence[Box], edges: Mapping[str, str], number: int) -> str:
    """Where a viewport has no gap: at the chest wall, where the other breast's chest wall is beside it."""
    edge = edges[str(number)]
    other = number + 1 if edge == "right" else number - 1
    if not edge or not 1 <= other <= len(boxes) or not _in_a_row(boxes[other - 1], boxes[number - 1]):
        return ""
    return edge if {edge, edges[str(other)]} == {"left", "right"} else ""


def _in_a_row(one: Box, other: Box) -> bool:
    return (one.screen, one.top) == (other.screen, other.top)
