"""F1: on a finding of the model the page of that model, elsewhere the keys."""

from tests.app.test_desk import commit, judge


def _page(hand) -> str:
    hand.press("F1")
    hand.paint()
    assert hand.state.overlay.kind == "card"
    return hand.state.overlay.lines[0]


def test_f1_shows_the_keys_until_a_finding_of_the_model_is_in_focus(hand, desk):
    hand.press("F4", "F1")
    assert hand.state.overlay.kind == "keys"
    hand.press("F1", "F4")
    commit(hand)
    hand.press("N", "F4")
    assert "No signed reading here yet" in _page(hand)
    hand.press("F1")
    assert hand.state.overlay is None
    hand.press("?")
    assert hand.state.overlay.kind == "keys"


def test_the_page_counts_what_readers_here_decided(hand, desk):
    commit(hand)
    judge(hand, "Enter")
    hand.press("Ctrl+Shift+Enter", "Ctrl+Shift+Enter")
    hand.press("N", "F4")
    page = _page(hand)
    assert "| Signed readings in which it spoke | 1 (" in page
    assert "| Accepted | 1 (50 %) |" in page
    assert "| Left undecided | 1 (50 %) |" in page
    assert "truth" in page
