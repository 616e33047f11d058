import pytest

from viewer.core.hanging.rules import ProtocolError, read_rules, score

KNOWN = {
    "modality": "MG",
    "view": "CC",
    "side": "R",
    "images": 60.0,
    "volume": False,
    "modifiers": ("M", "S"),
    "description": "R CC MAGNIFICATION",
    "thickness_mm": 1.0,
}


def worth(*rules):
    return score(read_rules(list(rules), "test"), KNOWN)


def test_weights_of_the_rules_that_hold_are_summed():
    assert worth({"fact": "view", "is": "CC", "weight": 2}, {"fact": "side", "is": "L", "weight": 9}) == 2
    assert worth({"fact": "description", "contains": ["MLO", "mag"], "weight": -3}) == -3


def test_a_required_rule_rules_out():
    assert worth({"fact": "view", "is": "MLO", "required": True}, {"fact": "side", "is": "R"}) is None


@pytest.mark.parametrize(
    ("test", "holds"),
    [
        ({"all": [{"fact": "view", "is": "CC"}, {"fact": "side", "is": "R"}]}, True),
        ({"all": [{"fact": "view", "is": "CC"}, {"fact": "side", "is": "L"}]}, False),
        ({"any": [{"fact": "view", "is": "MLO"}, {"fact": "side", "is": "R"}]}, True),
        ({"any": [{"fact": "view", "is": "MLO"}, {"fact": "side", "is": "L"}]}, False),
        ({"not": {"fact": "view", "is": "MLO"}}, True),
        ({"not": [{"fact": "view", "is": "MLO"}, {"fact": "side", "is": "R"}]}, False),
        ({"any": [{"not": {"fact": "volume", "is": False}}, {"fact": "images", "above": 59}]}, True),
        ({"fact": "modifiers", "contains": "S"}, True),
        ({"fact": "modifiers", "contains": "ID"}, False),
        ({"fact": "thickness_mm", "below": 1}, False),
        ({"fact": "images", "is": 60}, True),
    ],
)
def test_a_test_holds(test, holds):
    assert worth({**test, "weight": 1}) == float(holds)


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ({"fact": "laterality", "is": "R"}, "fact 'laterality', allowed are modality"),
        ({"fact": "side"}, "allowed is all, any or not"),
        ({"fact": "side", "is": "R", "below": 3}, "allowed is all, any or not"),
        ({"fact": "images", "above": "many"}, "above takes a number"),
        ({"fact": "side", "is": "R", "weight": "heavy"}, "weight is a number"),
        ({"any": [{"fact": "sides", "is": "R"}]}, "test, rule 1, any: found the fact 'sides'"),
    ],
)
def test_what_is_wrong_in_a_rule_is_said(rule, said):
    with pytest.raises(ProtocolError, match=said):
        worth(rule)
