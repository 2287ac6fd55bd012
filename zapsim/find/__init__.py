"""Find: near duplicates, which are the same photo again."""
