"""Pictures of graphs: the computation graph, black, and the backward graph that extends it, red.

A `Picture` says what is drawn: which nodes, what they are called, which edges run between them. The other modules write
it: as a listing, DOT, Mermaid, JSON, or through Graphviz as SVG and PNG.
"""

from autodiffcli.drawing.model import Drawn, Edge, Picture, picture
from autodiffcli.drawing.renderers import FORMATS, render

__all__ = ["FORMATS", "Drawn", "Edge", "Picture", "picture", "render"]
