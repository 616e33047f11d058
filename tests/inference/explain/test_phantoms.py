"""The sanity checks of heat maps, with the models that ship, on findings whose place is known.

Where the map lies (lesions of two map strides and more), whether it dies with what the network learnt
(Adebayo 2018), whether the answer rests on it more than on a random map. Class activation maps with mean
gradients (Grad-CAM, Grad-CAM++) know no place in a detector: they are offered with the figure that says so.
"""

import copy

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr

from inference.explain import candidate_look, view_look
from inference.explain.explanation import heat_map
from inference.explain.faithfulness import faithfulness
from inference.explain.view_look import Gaze
from inference.pipelines.exam import CLUSTER_GAZE, MASS_GAZE
from inference.protocol import Explain, Method
from tests.inference.explain import phantoms
from viewer.app.resolve.overlays import NO_MAP, figure_words

pytestmark = pytest.mark.timeout(900)  # a chest and four mammograms are drawn and read

FAITHFUL = (Method.HIRESCAM, Method.INTEGRATED_GRADIENTS, Method.OCCLUSION)
LEAST_INSIDE = 0.8
LEAST_ALIKE = 0.5
"""Rank correlation from which two maps are alike."""
SEEDS = range(3)


@pytest.fixture(scope="module")
def reader():
    torch.set_num_threads(1)
    return phantoms.shipped("ct_lung_nodule")


@pytest.fixture(scope="module")
def nodules(reader, tmp_path_factory):
    return phantoms.nodules(reader, tmp_path_factory.mktemp("chest"))


@pytest.fixture(scope="module")
def mammograms():
    torch.set_num_threads(1)
    return phantoms.shipped("mg_lesion")


@pytest.fixture(scope="module")
def marks(mammograms, tmp_path_factory):
    return phantoms.marks(mammograms, tmp_path_factory.mktemp("exam"))


def explained(model, look, method, out):
    job = Explain(
        job=method.name,
        bundle="",
        bundle_sha256="",
        look=look,
        target=look.targets[0],
        method=method,
        out=str(out),
    )
    return model.explain(job, out)


@pytest.mark.parametrize("method", FAITHFUL)
def test_the_map_of_a_nodule_lies_on_it_and_the_answer_rests_on_it(reader, nodules, method, tmp_path):
    assert len(nodules) >= 6
    assert {n.texture for n in nodules} == {"solid", "part-solid", "non-solid"}
    for nodule in nodules:
        said = explained(reader, nodule.candidate.look, method, tmp_path)
        heat = np.load(said.heat.array.path)
        assert nodule.share_inside(heat, said.heat.start) >= LEAST_INSIDE
        assert said.faithfulness.deletion < said.faithfulness.random_deletion
        assert said.faithfulness.insertion > said.faithfulness.random_insertion


def test_the_map_that_comes_with_the_read_is_the_same(reader, nodules, tmp_path):
    first = nodules[0].candidate
    asked = explained(reader, first.look, Method.HIRESCAM, tmp_path)
    assert asked.heat.start == first.heat.start
    assert np.allclose(np.load(asked.heat.array.path), np.load(first.heat.array.path), atol=1e-3)


@pytest.mark.parametrize("method", FAITHFUL)
def test_the_map_of_a_mass_lies_on_it_and_the_answer_rests_on_it(mammograms, marks, method, tmp_path):
    masses = [m for m in marks if "mass" in m.kind]
    assert len(masses) >= 3
    for mark in masses:
        said = explained(mammograms, mark.place.look, method, tmp_path)
        heat = np.load(said.image_heat.array.path)
        assert mark.share_inside(heat, said.image_heat.box) >= LEAST_INSIDE
        assert said.faithfulness.deletion < said.faithfulness.random_deletion
        assert said.faithfulness.insertion > said.faithfulness.random_insertion


def cascade(network, seed):
    """A copy that forgets what it learnt, from its answer down to its first layer; given after each step."""
    torch.manual_seed(seed)
    copied = copy.deepcopy(network)
    for layer in reversed([m for m in copied.modules() if hasattr(m, "reset_parameters")]):
        layer.reset_parameters()
        yield copied


def dies_or_says_so(network, ask, method):
    """The map shows something and nothing like it is left in networks that forgot everything; or it is empty,
    which only methods may be that know no place in a detector, and then the legend says that there is no map.
    """
    asked = ask(network)
    whole = heat_map(asked, method, 1.0)
    if not whole.any():
        assert method not in FAITHFUL
        assert figure_words(faithfulness(asked, whole)) == NO_MAP
        return
    out = []
    for seed in SEEDS:
        *_, random = cascade(network, seed)
        forgot = ask(random)
        left = heat_map(forgot, method, 1.0)
        if left.any():
            out.append(abs(spearmanr(whole.ravel(), left.ravel())[0]))
        else:  # an answer that rests on nothing: no map at all, and the legend says that, too
            assert figure_words(faithfulness(forgot, left)) == NO_MAP
            out.append(0.0)
    assert np.mean(out) < LEAST_ALIKE


@pytest.mark.parametrize("method", Method)
def test_random_weights_destroy_the_map_of_a_nodule(reader, nodules, method):
    crop = np.load(nodules[0].candidate.look.array.path)
    clip = reader.bundle.input.clip_hu

    def ask(network):
        return candidate_look.asked_of(network, crop, clip, "cpu")

    dies_or_says_so(reader.classifier, ask, method)


@pytest.mark.parametrize("method", Method)
def test_random_weights_destroy_the_map_of_a_mass_and_of_a_cluster(mammograms, marks, method):
    seen: dict[str, Gaze] = {"mass": MASS_GAZE, "calcification cluster": CLUSTER_GAZE}
    for label, gaze in seen.items():
        look = next(m.place.look for m in marks if m.place.look.label == label)
        part = np.load(look.array.path)
        network = mammograms.masses.detectors.networks[0] if label == "mass" else mammograms.clusters.network

        def ask(network, gaze=gaze, look=look, part=part):
            return view_look.asked_of([network], gaze, look, part, look.label, "cpu")

        dies_or_says_so(network, ask, method)


def test_the_map_dies_by_and_by_from_the_answer_downwards(reader, nodules):
    """Without the guard for answers that rest on nothing: HiResCAM itself, layer by layer."""
    from inference.explain.methods import attribute

    crop = np.load(nodules[0].candidate.look.array.path)

    def drawn(network):
        (one,) = candidate_look.asked_of(network, crop, reader.bundle.input.clip_hu, "cpu")
        return attribute(one, Method.HIRESCAM).numpy().ravel()

    whole = drawn(reader.classifier)
    alike = [
        abs(spearmanr(whole, left)[0]) for n in cascade(reader.classifier, 1) if (left := drawn(n)).any()
    ]
    assert max(alike) < 0.95
    assert alike[-1] < LEAST_ALIKE
