"""Match articles against watch rules: query text, rule files, the engine, explanations."""
