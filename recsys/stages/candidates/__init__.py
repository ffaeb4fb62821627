"""Which tracks may enter each list, and what speaks for them: scores with all their parts, before diversity."""
