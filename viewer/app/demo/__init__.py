"""Demonstration studies: phantoms written once as DICOM files, with their truth beside them."""
