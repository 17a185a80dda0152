"""What the use cases need of the world outside: promises that adapters keep."""
