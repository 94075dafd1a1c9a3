"""Banks and second stages judged on test data, beside other methods."""
