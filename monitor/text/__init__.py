"""Read text: tokens and their folding, cleaning, marks. Pure; any room may use it."""
