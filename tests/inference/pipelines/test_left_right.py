"""Left against right on a phantom: the mass of one breast stands out against the same place of the other."""

from dataclasses import replace

import numpy as np
import pytest

from inference.cases import Plane, View
from inference.phantom.breast.exam import exams, marks, picture
from inference.phantom.breast.picture import Detector
from inference.pipelines.breast import nipple
from inference.pipelines.left_right import with_other_sides
from inference.pipelines.mammogram import prepare
from inference.pipelines.marks2d import Mark, Marked

DETECTOR = Detector((460, 384), 0.5, 0.004)
PLANE = Plane((0.5, 0.5), DETECTOR.shape)


def seen(side, *, bare=False):
    """That breast on CC with a mark on its spiculated mass; `bare`: without the mass."""
    exam = exams(3)[0]
    places = [m for m in marks(exam, side, "CC", DETECTOR) if m.kind == "spiculated mass"]
    if bare:
        exam = replace(exam, left=replace(exam.left, lesions=()))
    pixels = (np.clip(picture(exam, side, "CC", DETECTOR).light, 0, 1) * 65535).astype(np.uint16)
    prepared = prepare(View(pixels, PLANE, side, side, "CC", ("A", "L")))
    row, column = prepared.placed.to_stored(2 * np.array(nipple(prepared.mask)) + 0.5)
    own = tuple(mark(m.row, m.column, m.diameter_mm) for m in places)
    return Marked(side, side, "CC", PLANE, (row, column), own, prepared=prepared)


def mark(row, column, diameter_mm):
    half = diameter_mm / 2 / 0.5
    return Mark((row, column), (column - half, row - half, column + half, row + half), 0.5, 0.5)


@pytest.fixture(scope="module")
def right():
    return seen("R")


@pytest.fixture(scope="module")
def left():
    return seen("L")


def test_a_mass_makes_its_place_brighter_than_the_other_breast(left, right):
    with_mass = with_other_sides([left, right])[0].marks[0]
    without = with_other_sides([seen("L", bare=True), right])[0].marks[0]
    assert with_mass.asymmetry > without.asymmetry + 0.1


def test_without_the_same_projection_of_the_other_breast_nothing_is_said(left, right):
    oblique = replace(right, view="MLO")
    assert with_other_sides([left, oblique]) == (left, oblique)
    assert np.isnan(left.marks[0].asymmetry)
