"""Small volumes in HU with shapes of known place and size, on grids that may be anisotropic or sheared.

A shape is its density and a function from points (n, 3) in patient mm to signed distances, negative inside.
"""

import numpy as np

from viewer.core.dicom.geometry import Geometry

LUNG_HU = -850.0


def grid(spacing=(1.25, 0.7, 0.7), mm=44.0, shear=0.0, origin=(-30.0, -40.0, 100.0)) -> Geometry:
    """A cube of about `mm`; `shear` in radians tilts the stacking direction in the sagittal plane."""
    along = (0.0, float(np.sin(shear)), float(np.cos(shear)))
    shape = tuple(round(mm / s) for s in spacing)
    return Geometry(origin, along, (0.0, 1.0, 0.0), (1.0, 0.0, 0.0), spacing, shape, "1.9")


def middle(geometry, off=(0.3, 0.3, 0.3)):
    """The point in the middle of the grid, a little off the voxels' centres."""
    x, y, z = geometry.index_to_patient(np.array(geometry.shape) / 2 + off).tolist()
    return (x, y, z)


def ball(centre, diameter):
    return lambda p: np.linalg.norm(p - np.array(centre), axis=1) - diameter / 2


def ellipsoid(centre, diameters):
    half = np.array(diameters) / 2

    def distance(p):
        q = (p - np.array(centre)) / half
        k = np.linalg.norm(q, axis=1)
        return k * (k - 1) / (np.linalg.norm(q / half, axis=1) + 1e-9)

    return distance


def tube(centre, direction, diameter):
    u = np.array(direction, float) / np.linalg.norm(direction)

    def distance(p):
        q = p - np.array(centre)
        return np.linalg.norm(q - np.outer(q @ u, u), axis=1) - diameter / 2

    return distance


def wall(point, inwards):
    """Everything beyond a plane through `point`; `inwards` points into the wall."""
    u = np.array(inwards, float) / np.linalg.norm(inwards)
    return lambda p: -(p - np.array(point)) @ u


def volume(geometry, *shapes, blur_mm=0.3, noise_hu=25.0, seed=0):
    """int16 HU: shapes (hu, distance) in lung, blurred, slices as thick as their spacing, with noise."""
    index = np.indices(geometry.shape).reshape(3, -1).T
    total = np.zeros(len(index))
    for part in (-1 / 3, 0.0, 1 / 3):
        points = geometry.index_to_patient(index + np.array([part, 0.0, 0.0]))
        values = np.full(len(index), LUNG_HU)
        for hu, distance in shapes:
            inside = 1 / (1 + np.exp(np.clip(distance(points) / blur_mm, -30, 30)))
            values = np.maximum(values, LUNG_HU + inside * (hu - LUNG_HU))
        total += values / 3
    noise = np.random.default_rng(seed).normal(0, noise_hu, len(index))
    return np.rint(total + noise).astype(np.int16).reshape(geometry.shape)
