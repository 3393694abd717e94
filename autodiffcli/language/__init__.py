"""The language: its grammar, text to graph, graph to text, and points."""
