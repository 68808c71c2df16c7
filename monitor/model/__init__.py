"""Hold the frozen nouns that rooms hand to each other."""
