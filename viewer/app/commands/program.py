"""Commands of the report, the study list and the program itself."""

from functools import partial

from viewer.app import listing, marking, opening, revealing, screens, seeing, signing, triage, window
from viewer.app.commands.command import ANYWHERE, CASE, QUESTIONS, READING, REPORT, STUDIES, Command, Group

_report = Group("Report", CASE, opening.why_no_study, icon="file-text")
_studies = Group("Studies", ANYWHERE, icon="user")
_program = Group("Program", ANYWHERE, icon="gear")

COMMANDS: tuple[Command, ...] = (
    _report(
        "reading.commit",
        "Commit the unaided read and reveal the second reader",
        "Shift+Enter",
        revealing.commit,
        when=CASE | QUESTIONS,
        refusal=revealing.why_not_commit,
        icon="lock-open",
    ),
    _report("report.open", "Report, or back to the images", "F6", signing.open_report),
    _report(
        "report.impression",
        "Write the impression",
        "E",
        signing.edit_impression,
        when=REPORT,
        refusal=marking.why_read_only,
        undoable=True,
        icon="pencil",
    ),
    _report("report.save", "Save", "Ctrl+S", signing.save, icon="floppy-disk"),
    _report(
        "report.sign",
        "Sign",
        "Ctrl+Shift+Enter",
        signing.sign,
        when=CASE | QUESTIONS,
        refusal=signing.why_not_sign,
        icon="pen-nib",
    ),
    _report(
        "report.amend",
        "Amend the signed report",
        "",
        signing.amend,
        refusal=signing.why_not_amend,
        icon="note-pencil",
    ),
    _report(
        "edit.undo", "Undo", "Ctrl+Z", marking.undo, when=CASE | QUESTIONS, icon="arrow-counter-clockwise"
    ),
    _report(
        "edit.redo",
        "Redo",
        "Ctrl+Y Ctrl+Shift+Z",
        marking.redo,
        when=CASE | QUESTIONS,
        icon="arrow-clockwise",
    ),
    _studies("studies.list", "Study list", "F2", listing.toggle_list, icon="list"),
    _studies(
        "studies.add", "Open a folder, a ZIP or a file", "Ctrl+O", window.ask_for_folder, icon="folder-open"
    ),
    _studies(
        "studies.close",
        "Close the case",
        "Ctrl+W",
        opening.close_study,
        refusal=opening.why_no_study,
        icon="x-circle",
    ),
    _studies(
        "case.previous",
        "Previous case",
        "Ctrl+PgUp",
        partial(listing.next_case, steps=-1),
        refusal=listing.why_no_studies,
    ),
    _studies(
        "case.next",
        "Next case",
        "Ctrl+PgDown",
        partial(listing.next_case, steps=1),
        refusal=listing.why_no_studies,
    ),
    _studies(
        "studies.previous",
        "Study above",
        "Up",
        partial(listing.choose_study, steps=-1),
        when=STUDIES,
        repeats=True,
    ),
    _studies(
        "studies.next",
        "Study below",
        "Down",
        partial(listing.choose_study, steps=1),
        when=STUDIES,
        repeats=True,
    ),
    _studies(
        "studies.open",
        "Open the study",
        "Enter",
        listing.open_chosen,
        when=STUDIES,
        refusal=listing.why_no_studies,
    ),
    _studies(
        "studies.order",
        "Flagged studies on top, or all as they came",
        "T",
        triage.toggle_order,
        when=STUDIES,
        refusal=triage.why_not_order,
        icon="flag",
    ),
    _studies("studies.reader", "Another reader", "", listing.another_reader, icon="user"),
    _studies(
        "studies.not_loaded",
        "What was not loaded",
        "",
        partial(window.toggle_overlay, name="not_loaded"),
        icon="warning",
    ),
    _program(
        "program.palette",
        "All commands",
        "Ctrl+K",
        partial(window.toggle_overlay, name="palette"),
        icon="command",
    ),
    _program(
        "program.keys",
        "Keys that work here",
        "?",
        partial(window.toggle_overlay, name="keys"),
        icon="keyboard",
    ),
    _program(
        "program.help",
        "The model behind a finding; elsewhere the keys that work here",
        "F1",
        window.help_here,
        icon="question",
    ),
    _program(
        "program.card",
        "Model card",
        "",
        partial(window.toggle_overlay, name="card"),
        when=CASE,
        refusal=seeing.why_sealed,
        icon="info",
    ),
    _program(
        "pattern.qc",
        "Test pattern TG18-QC",
        "",
        partial(window.toggle_overlay, name="pattern_qc"),
        icon="monitor",
    ),
    _program(
        "pattern.ln",
        "Test patterns TG18-LN, 18 luminances",
        "",
        partial(window.toggle_overlay, name="pattern_ln"),
        icon="monitor",
    ),
    _report("report.next_section", "Next section", "Tab", window.next_section, when=REPORT),
    _report(
        "report.previous_section",
        "Previous section",
        "Shift+Tab",
        partial(window.next_section, steps=-1),
        when=REPORT,
    ),
    _program(
        "program.series", "Series panel: show or fold", "", window.toggle_series, when=READING, icon="columns"
    ),
    _program(
        "program.screens",
        "Images on all monitors, or in the window alone",
        "Shift+F11",
        screens.toggle,
        when=CASE,
        refusal=screens.why_not_toggle,
        icon="monitor",
    ),
    _program("program.full_screen", "Full screen", "F11", window.toggle_full_screen, icon="corners-out"),
    _program(
        "second.cancel",
        "Stop the second reader",
        "",
        revealing.cancel,
        when=CASE,
        refusal=revealing.why_not_cancel,
    ),
    _program(
        "second.again",
        "Start the second reader again",
        "",
        revealing.again,
        when=CASE,
        refusal=revealing.why_not_again,
    ),
    _program("program.back", "One level back", "Esc", window.back, icon="arrow-left"),
    _program("program.quit", "Quit", "Ctrl+Q", window.quit_program, icon="sign-out"),
)
