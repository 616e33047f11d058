from viewer.app.mailbox import Mailbox


def test_a_mailbox_keeps_what_comes_before_it_is_attached_and_is_silent_after():
    box, done, woken = Mailbox(), [], []
    box.post(lambda: done.append(1))
    box.attach(lambda: woken.append(True))
    box.post(lambda: done.append(2))
    for _ in woken:
        box.run_one()
    assert done == [1, 2]
    box.detach()
    box.post(lambda: done.append(3))
    assert len(woken) == 2
