"""What the acceptance tests share: a server to drive, content to push, and clients to push it with."""
