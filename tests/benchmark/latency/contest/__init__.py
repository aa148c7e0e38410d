"""What the latency rig is made of: a private sound server, the contestants that
play into it, and what is told of them."""
