"""The declarations: importing this package fills the table of primitives. What a file exports, its __all__ says."""

# ruff: noqa: F403
from autodiffcli.primitives.arithmetic import *
from autodiffcli.primitives.gamma_family import *
from autodiffcli.primitives.hyperbolic import *
from autodiffcli.primitives.learning import *
from autodiffcli.primitives.powers import *
from autodiffcli.primitives.selection import *
from autodiffcli.primitives.special import *
from autodiffcli.primitives.trigonometric import *
