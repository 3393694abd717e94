"""Fitting a written loss to data: what yields loss and gradient of each step, the optimizers, and what is kept."""
