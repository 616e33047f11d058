"""A procedural breast with known lesions: mammograms of both sides, a prior, a tomosynthesis stack."""
