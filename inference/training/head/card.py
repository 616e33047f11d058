"""What the card of `ct_head_haemorrhage` says beside its figures."""

INTRODUCTION = """\
Looks for bleeding inside the skull on head CT without contrast, as a second reader and for triage: a
probability of any bleeding for the study and for every slice, the places that it rests on with a heat map
and the volume of dense blood there, and the midline shift. **Research software. Not a medical device. Not for
diagnosis.**

## How it works
The brain window (level 40, width 120) of each slice, about 1.1 mm; thinner slices are averaged to about
5 mm, tilted ones stay in their plane. Skull and brain are found, the head is set upright about its midline
and cropped. A small network (0.36 million parameters, GroupNorm) is given the slice, its neighbours, the
difference from its mirror picture, the depth in the brain and the height below its top, and answers with a
heat map of 36 x 36 cells. **The map itself is trained**, on painted bleeds: the logit of a slice is the mean
of its ten hottest cells that hold brain (bone's edges, face and neck are left out), smoothed along the
slices; that of a study is the mean of its 30 hottest cells, likewise smoothed. Logistic regression makes
probabilities. The bundle holds one network for each of five folds; their logits are averaged.

The probability of a place is that of a slice with such a score. The volume is that of what is at least
8 HU denser than this brain in the hot cells and those next to them. Where a study is flagged, its highest
place is marked, and others from a probability of 30 %.

Midline shift is measured without a network: the skull's midline is a robust plane through the middles of the
inner table; the brain's is in each slice the path from front to back along which both sides are most alike
close by (dynamic programming). The median of the slices that show most of the ventricles, at the septum, is
told in whole mm with its side, as within 2 mm or as far as these slices differ. Where the skull is not
symmetric or is cut, the ventricles are not seen, slices do not agree or the midline lies too far aside,
nothing is told but that and why.

## Data and licence
Weights: CC BY 4.0. Learnt from CT-ICH 1.0.0 (Hssayeni et al., Data 2020;5(1):14; PhysioNet; the descriptor
states CC BY 4.0): 69 trauma patients, 2,059 slices of 5 mm with labels, bleeding in 30 patients and 248
slices; and from bleeds painted on slices without any. Patient 70, whose label is doubtful, was not trained
on, but is measured. Nothing was learnt from CQ500 or any DICOM series. One limit was chosen after a look at
one of them (the thickest slices read: see the limits), no threshold of a probability.
"""

LIMITS = """\
## Limits
- 69 patients of one hospital and one scanner protocol; intervals are wide, single folds mean little.
- **The kind of bleeding is not learnt** and therefore not told: there are too few patients of each.
- Bleeds of one slice, thin epidural ones in children and old (dark) collections are often missed. False
  marks lie along bone that a slice cuts obliquely, between the petrous bones and opposite old infarcts.
- Slices thicker than 5 mm (6 along a tilted gantry) are not read: the 7 mm part of the one series that has
  them, which does not bleed, was flagged.
- Newborns (dark brain, open sutures) are not learnt: they are told as outside the training domain.
- **Midline shift: its limits were chosen after a look at these patients**, of whom no reader measured any:
  how wide the sides are compared (18 pixels; at 10 one ventricle of a phantom was taken for the midline,
  though 36 of 39 were measured and none above 2.1 mm), how far the skull's middles may scatter (1.8 mm),
  how much fluid makes a ventricle (150 mm2), which and how many slices are taken (5, at least 3) and how
  far they may lie apart (3.5 mm, one in three). The figures are flattered by that. They are of patients
  without bleeding, and of their brains pushed as a whole, without swelling; of true shifts one is known, to
  the eye: 14 mm in the one large subdural bleed. Pixels of the upright pictures are taken to be 1.5 mm
  wide.
- No figure of midline shift is no sign that there is none. Nine of the 15 patients without one are children
  of up to five years. Displacement below the ventricles is not looked at.
- An earlier way, the axis about which the inner brain is most alike against that of the skull, gave 14 and
  18 mm that are not there in two children without visible ventricles. Not used.
- Pixels of the training pictures have no published size: volumes are measured on painted bleeds as ratios.
- A series whose contrast agent is named is not read; contrast that the header hides is told only as far as
  it changes the density of the brain.
- The probabilities assume that bleeding is as common as in the data (30 of 69 patients).
"""
