"""The customer file: who owns what, how to reach them, what they owe, and all that was said."""
