"""Call scripts as data: the language, its interpreter, its linter and the shipped library."""
