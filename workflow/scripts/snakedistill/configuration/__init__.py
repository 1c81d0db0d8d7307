"""The configuration as types, its checks, and what can be known before the first job."""
