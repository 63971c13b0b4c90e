"""Audio at rest: where a call's recording lies, who may hear it and when it goes."""
