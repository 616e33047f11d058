"""A protocol as the table that its TOML file holds: the inverse of `read_protocol`."""

from typing import Any

from viewer.core.hanging.protocol import Image, Protocol, Step
from viewer.core.hanging.rules import Compare, Fact, Joined, Rule

Table = dict[str, Any]


def table_of(protocol: Protocol) -> Table:
    """What `read_protocol` makes the same protocol of, without chosen images; its id is the name.

    What has its default is left out.
    """
    return _without_defaults(
        {
            "title": protocol.title,
            "rank": protocol.rank,
            "prior_days": protocol.prior_days,
            "match": [_rule(rule) for rule in protocol.match],
            "window": [{"name": w.name, "centre": w.centre, "width": w.width} for w in protocol.windows],
            "image": [_image(image) for image in protocol.images],
            "step": [_step(step) for step in protocol.steps],
        },
        {"rank": 0, "prior_days": 0, "window": []},
    )


def _image(image: Image) -> Table:
    whole = {"name": image.name, "prior": image.prior, "place": image.place}
    whole["rules"] = [_rule(rule) for rule in image.rules]
    return _without_defaults(whole, {"prior": False, "place": 1})


def _step(step: Step) -> Table:
    whole: Table = {
        "id": step.id,
        "title": step.title,
        "layout": step.layout,
        "spread": list(step.spread),
        "images": list(step.images),
        "planes": list(step.planes),
        "window": step.window,
        "windows": list(step.windows),
        "needs": step.needs,
        "size": step.display.size,
        "facing": step.display.facing,
        "mosaic": step.mosaic,
        "after_commit": step.after_commit,
    }
    defaults = {
        "spread": [],
        "planes": ["stack"] * len(step.planes),
        "window": "",
        "windows": [],
        "needs": len({name for name in step.images if name}),
        "size": "fit",
        "facing": False,
        "mosaic": False,
        "after_commit": False,
    }
    return _without_defaults(whole, defaults)


def _rule(rule: Rule) -> Table:
    whole = _test(rule.test) | {"required": rule.required, "weight": rule.weight}
    return _without_defaults(whole, {"required": False, "weight": 1.0})


def _test(test: Compare | Joined) -> Table:
    if isinstance(test, Joined):
        return {test.how: [_test(part) for part in test.parts]}
    values: list[Fact] = list(test.values)
    return {"fact": test.fact, test.how: values if len(values) > 1 else values[0]}


def _without_defaults(whole: Table, defaults: Table) -> Table:
    return {key: value for key, value in whole.items() if key not in defaults or value != defaults[key]}
