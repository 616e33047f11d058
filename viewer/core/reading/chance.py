"""How a probability is written: on screen and in the report alike."""


def percent(share: float) -> str:
    """A probability in whole per cent; never 0 or 100 where it is not quite."""
    value = 100 * share
    if 0 < value < 1:
        return "< 1 %"
    return "> 99 %" if 99 < value < 100 else f"{value:.0f} %"


def chance(probability: float, interval: tuple[float, float] | None) -> str:
    """A probability as its 95 % interval, "22–41 %"; the number alone where no interval is known."""
    if interval is None:
        return percent(probability)
    low, high = (round(100 * end) for end in interval)
    if low == high:
        return percent(probability)
    if low > 0:
        return f"{low}–{high} %" if high < 100 else f"≥ {low} %"
    return f"≤ {high} %" if high < 100 else "0–100 %"


def one_in(share: float) -> str:
    """How often such a mark is real, in words: "about 1 in 3 is real"."""
    if share < 0.01:
        return "hardly ever real"
    if share >= 0.55:
        return f"about {min(9, round(10 * share))} in 10 are real"
    return f"about 1 in {max(2, round(1 / share))} is real"
