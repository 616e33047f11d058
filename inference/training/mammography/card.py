"""What the card of a model for mammograms says beside its figures."""

INTRODUCTION = """\
Finds masses (with architectural distortion and asymmetry, as far as the data marks them) and
calcification clusters on mammograms as a second reader, and says how malignant each mass looks.
**Research software. Not a medical device. Not for diagnosis.**

## How it works
Every view is turned chest wall left, brought to 0.6 mm and normalised by its own breast (grey level,
local contrast). Two detectors (CenterNet-like, stride 4) mark suspected masses with box and malignancy. Three
classifiers look at each mark at 0.42 mm (their trunks started from a detector's): mass or not, malignancy,
terms of shape and margin. Log odds of both stages are averaged, isotonic or logistic regression turns them
into probabilities. Marks of CC and MLO that lie equally far behind the nipple are one finding in two places;
whether they support each other was decided on the calibration patients (see the remarks). A breast is as
suspicious as its worst finding (probability times malignancy), an exam as its worse breast. Breast
density is suggested by a linear network on the detector's trunk. Clusters are found by a network of their
own at 0.15 mm.

## Data and licence
Weights: Apache-2.0. Masses: CBIS-DDSM (The Cancer Imaging Archive, CC BY 3.0; Sawyer-Lee, Gimenez, Hoogi,
Rubin 2016, doi 10.7937/K9/TCIA.2016.7O02S9CY; Lee et al., Sci Data 2017;4:170177), digitised film at
about 0.3 mm, 8 bits, compressed. Clusters: procedural, pasted into breasts of the training patients; no
real cluster was learnt from. Split by patient: the validation patients of the data set were held back for
the figures below, one in ten of the others (MD5 of the name) for calibration and operating points. How
common malignant masses and breasts are is counted on the films of all others. Normal views of DDSM were
only measured.
"""

LIMITS = """\
## Limits
- Trained and measured on digitised film of the 1990s. On digital mammograms it is not measured.
- Every training film holds a mass: probabilities are too high for screening, where few films do.
- Normal views were few and of another digitisation; an exam score is no statement that an exam is normal.
- Shape, margin and density are weak suggestions: their accuracy stands above, beside that of the
  commonest term.
- Clusters are learnt from and measured on procedural ones alone, five specks or more. The data's real
  ones are hardly visible at its resolution. How strong a speck is follows from its thickness (calcium
  oxalate at 20 keV less tissue, .82/mm; scatter to primary .2; blur .06 mm; a film's gradient 3.2), not
  from what is found; the contrast to noise that this gives stands above. Films drawn out to 0.15 mm are
  given the grain (.012 of the breast's grey range) of eight views at full film resolution; as stored, at
  0.3 mm and compressed again with the cluster, they show less. Specks below 0.3 mm are not measured.
- Tried once on eight film views at full resolution (two training patients) and one digital mammogram,
  each with two clusters: 17 of 18 found with about 0.6 false clusters per view.
- Subtle masses (CBIS subtlety 1 and 2) and masses in dense tissue are often missed.
- Left-right comparison does not enter the score.
"""
