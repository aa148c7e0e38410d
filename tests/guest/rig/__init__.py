"""What guest tests and the quickstart are made of: a guest in QEMU, Earshot's
processes, a gRPC client that knows nothing but reflection, and WAV files."""
