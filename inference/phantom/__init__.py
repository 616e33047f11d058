"""Procedural patients with known truth: numpy and scipy only, no torch, no DICOM."""
