"""Mammography demonstration: two examinations of a phantom, of two make-believe vendors, as DICOM."""
