// A package with a file in assembly may declare functions that others define.
