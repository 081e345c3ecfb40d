"""What is asked for, as frozen values, and how it is answered from batches of bodies. Knows no tables and no HTTP."""
