"""What the acceptance tests share: servers to drive, content to push, and clients to push it with."""
