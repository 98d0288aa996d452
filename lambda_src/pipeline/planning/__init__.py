"""What exists against what is wanted: a graph of resources, with what will be done and why."""
