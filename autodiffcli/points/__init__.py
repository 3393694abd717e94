"""Tables of points in, the same tables with results out: see `autodiffcli.points.stream.stream`."""
