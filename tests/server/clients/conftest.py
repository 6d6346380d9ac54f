"""What lies here are programs, which tests/server/test_clients.py runs in environments of their own."""

collect_ignore_glob = ["*.py"]
