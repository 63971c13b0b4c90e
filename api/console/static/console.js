// Behaviour of the console's pages.
