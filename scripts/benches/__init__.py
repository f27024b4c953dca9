"""Measurements, each against something measured in the same run."""
