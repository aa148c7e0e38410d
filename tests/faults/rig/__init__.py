"""What the fault rig is made of: a network that can be made bad, the processes
on both of its ends, faults, and what is made of the recordings."""
