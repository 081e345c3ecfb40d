"""JSON values: how they are read and printed, when two are equal, how they sort, and where one stands."""
