"""Make further kinds of features: `baselines`, mixtures (`blend`), fewer numbers (`pca`)."""
