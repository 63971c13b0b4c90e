"""The console under a floor's load: agents at their desks, supervisors before the wall."""
