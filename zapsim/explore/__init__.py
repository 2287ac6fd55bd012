"""Look further: why two items are similar (`explanation`), all on a map (`catalogue_map`)."""
