"""`ownerline demo`."""
