"""Checking gradients: against difference quotients along a random direction, against each other, against a person's."""
