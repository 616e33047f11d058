"""Commands of the findings: mark, walk, judge, marks and heat map, the panel, the reject strip."""

from functools import partial

from viewer.app import (
    describing,
    double_reading,
    explaining,
    image_marking,
    likening,
    locating,
    marking,
    outlining,
    picturing,
    rating,
    reviewing,
    scoring,
    seeing,
    signing,
)
from viewer.app.commands.command import CASE, FINDINGS, QUESTIONS, READING, REPORT, STRIP, Command, Group
from viewer.core.reading.arbitration import Choice
from viewer.core.reading.birads import KEYS

_mine = Group("Findings", READING, marking.why_read_only, undoable=True, icon="crosshair")
_walk = Group("Findings", CASE, seeing.why_sealed, icon="arrow-right")
_judge = Group("Verdicts", CASE, reviewing.why_not_judge, undoable=True, icon="check")
_decide = Group("Verdicts", CASE, double_reading.why_not_decide, undoable=True, icon="scales")
_show = Group("Findings", READING, seeing.why_sealed, icon="eye")
_list = Group("Findings", FINDINGS, icon="list")
_category = Group("Report", FINDINGS | REPORT, marking.why_read_only, undoable=True, icon="list-numbers")
_strip = Group("Reject", STRIP, reviewing.why_not_judge, undoable=True, icon="x")

_asked = Group("Questions", QUESTIONS, describing.why_nothing_asked, undoable=True, icon="list-numbers")
_picture = Group("Report", READING, picturing.why_no_snapshot, undoable=True, icon="camera")

COMMANDS: tuple[Command, ...] = (
    _mine("finding.mark", "Mark a finding at the pointer", "M", marking.mark),
    _mine(
        "finding.same",
        "The finding in focus is here too, in this view",
        "Shift+M",
        image_marking.mark_same,
        refusal=lambda desk: marking.why_read_only(desk) or image_marking.why_not_mark_same(desk),
        icon="link",
    ),
    _mine(
        "finding.edit",
        "Describe or correct the finding",
        "E",
        marking.edit,
        refusal=marking.why_no_focus,
        icon="pencil",
    ),
    _mine(
        "exam.assess",
        "Density, categories by breast, recall",
        "Shift+E",
        describing.assess,
        when=CASE,
        refusal=lambda desk: marking.why_read_only(desk) or describing.why_not_assess(desk),
        icon="list-numbers",
    ),
    _mine(
        "nipple.here",
        "The nipple is at the pointer",
        "",
        locating.set_nipple,
        refusal=lambda desk: marking.why_read_only(desk) or locating.why_no_nipple(desk),
    ),
    *(
        _mine(
            f"side.{name}",
            f"This image shows the {name} breast",
            "",
            partial(locating.state_side, side=side),
            refusal=lambda desk: marking.why_read_only(desk) or locating.why_not_state_side(desk),
            icon="arrows-left-right",
        )
        for side, name in (("R", "right"), ("L", "left"))
    ),
    *(
        _mine(
            f"outline.{name}",
            f"Outline: {name}",
            key,
            partial(outlining.grow, across=across, down=down),
            refusal=lambda desk: marking.why_read_only(desk) or outlining.why_not(desk),
            repeats=True,
            card="Outline of your mark: wider, taller",
        )
        for name, key, across, down in (
            ("wider", "Ctrl+Shift+Right", 1, 0),
            ("narrower", "Ctrl+Shift+Left", -1, 0),
            ("taller", "Ctrl+Shift+Up", 0, 1),
            ("flatter", "Ctrl+Shift+Down", 0, -1),
        )
    ),
    _mine(
        "outline.shape",
        "Outline: ellipse or box",
        "Ctrl+Shift+O",
        outlining.switch_shape,
        refusal=lambda desk: marking.why_read_only(desk) or outlining.why_not(desk),
    ),
    _mine("finding.delete", "Delete the mark or the last distance", "Del", marking.delete, icon="trash"),
    _picture(
        "image.key",
        "Key image: on or off",
        "K",
        picturing.toggle_key_image,
        refusal=picturing.why_no_key_image,
        icon="key",
    ),
    _picture("report.snapshot", "Snapshot of the viewport to the report", "F12", picturing.snapshot),
    _picture(
        "report.drop_snapshot",
        "Take the last snapshot out of the report",
        "",
        picturing.drop_snapshot,
        when=CASE,
        refusal=picturing.why_no_drop,
        icon="trash",
    ),
    _walk("finding.next", "Next finding", "N", reviewing.walk),
    _walk(
        "finding.previous",
        "Previous finding",
        "Shift+N",
        partial(reviewing.walk, steps=-1),
        icon="arrow-left",
    ),
    _walk(
        "image.best",
        "The image that the model holds most probable",
        "Shift+J",
        scoring.go_to_best,
        when=READING,
        refusal=scoring.why_no_best,
    ),
    _walk("finding.next_undecided", "Next undecided finding", "", reviewing.next_undecided),
    _judge("finding.accept", "Accept", "Enter", reviewing.accept),
    _judge("finding.accept_next", "Accept, then the next undecided", "Ctrl+Enter", reviewing.accept_next),
    _judge(
        "finding.reject",
        "Reject, then 1 to 9",
        "X",
        reviewing.open_strip,
        when=READING,
        undoable=False,
        icon="x",
    ),
    _judge(
        "finding.concepts",
        "Correct the concepts that the malignancy rests on",
        "Shift+C",
        describing.rate_concepts,
        refusal=rating.why_not_rate,
        when=READING,
        undoable=False,
        icon="list-numbers",
    ),
    _judge("finding.undecided", "Undecided", "U", reviewing.undecided, icon="circle-dashed"),
    _show("marks.toggle", "Model's marks: show or hide", "G", seeing.toggle_marks, icon="eye-slash"),
    _show(
        "marks.below", "Below the threshold: show or hide", "Shift+G", seeing.toggle_below, icon="eye-slash"
    ),
    _show(
        "heat.hold",
        "Heat map while held",
        "H",
        seeing.hold_heat,
        release=seeing.release_heat,
        refusal=seeing.why_no_heat,
        icon="fire",
    ),
    _show("heat.pin", "Heat map pinned", "Shift+H", seeing.pin_heat, refusal=seeing.why_no_heat, icon="fire"),
    _show(
        "heat.method",
        "Heat map: next method",
        "Ctrl+H",
        explaining.next_method,
        refusal=explaining.why_no_method,
        icon="fire",
    ),
    _show(
        "heat.target",
        "Heat map: next answer of the model",
        "Ctrl+Shift+H",
        explaining.next_target,
        refusal=explaining.why_no_target,
        icon="fire",
    ),
    _show(
        "finding.alike",
        "Cases like this one: show or hide",
        "Shift+A",
        likening.toggle,
        refusal=likening.why_not,
        icon="list-numbers",
    ),
    *(
        _decide(f"arbitrate.{choice.value}", title, key, partial(double_reading.decide, choice=choice))
        for choice, title, key in (
            (Choice.FIRST, "Arbitration: the first reader's word", "F7"),
            (Choice.SECOND, "Arbitration: the second reader's word", "F8"),
            (Choice.NEITHER, "Arbitration: neither's word", "F9"),
        )
    ),
    _list("findings.focus", "Keyboard to the findings, or back", "F4", reviewing.toggle_panel, when=READING),
    _list(
        "list.previous", "Previous in the list", "Up", partial(reviewing.walk_list, steps=-1), repeats=True
    ),
    _list("list.next", "Next in the list", "Down", partial(reviewing.walk_list, steps=1), repeats=True),
    _category("category.lower", "Category: lower", "Left", partial(signing.next_category, steps=-1)),
    _category("category.higher", "Category: higher", "Right", partial(signing.next_category, steps=1)),
    _category("category.rule", "Category: as the rules give it", "", signing.category_by_rule, when=CASE),
    *(
        _strip(
            f"reject.{reason.id}",
            f"Reject: {reason.title[0].lower()}{reason.title[1:]}",
            reason.digit,
            partial(reviewing.reject, digit=reason.digit),
        )
        for reason in reviewing.reasons()
    ),
    *(
        _asked(
            f"answer.{key.lower()}", f"Answer {key}", key, partial(describing.answer, key=key), card="Answer"
        )
        for key in KEYS
    ),
    _asked("answer.keep", "Keep the answer, next question", "Enter Right", describing.go, undoable=False),
    _asked(
        "answer.back", "Previous question", "Backspace Left", partial(describing.go, ways=-1), undoable=False
    ),
    _asked("answer.clear", "No answer", "Del", describing.clear),
    _asked("answer.leave", "Leave the questions", "Esc", describing.close, undoable=False),
    _strip("reject.no_reason", "Reject: no reason", "Enter", partial(reviewing.reject, digit="")),
    _strip("reject.leave", "Leave the verdict as it was", "Esc X", reviewing.close_strip, undoable=False),
)
