"""Derivatives of several outputs and of higher order: matrices, directions, Taylor series; each at one point."""
