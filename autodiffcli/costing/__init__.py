"""What differentiation costs, counted on the graph: no formula is built and no value computed."""
